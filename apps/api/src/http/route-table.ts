import { BulkheadError } from '@bulkhead/kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { publicError } from './public-error.js';

/** Remembers every route, so that a wrong method on a right address can be told from a wrong address. */
export class RouteTable {
  readonly #routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();

  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ url, method }) => {
      const known = this.#routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
      for (const name of [method].flat()) known.methods.add(name);
      this.#routes.set(url, known);
    });
  }

  /** Makes a 404 of the router a 405 where another method would do. */
  sharpen(error: BulkheadError, request: FastifyRequest, reply: FastifyReply): BulkheadError {
    if (error.code !== 'not_found' || !request.is404) return error;
    const path = request.url.split('?')[0] ?? '';
    const methods = [...this.#routes.values()].flatMap((route) => (route.pattern.test(path) ? [...route.methods] : []));
    if (methods.length === 0) return error;
    reply.header('allow', [...new Set(methods)].toSorted().join(', '));
    return publicError({ statusCode: 405 });
  }
}

function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/:[^/]+/g, '[^/]+')}$`);
}
