import type { FastifyInstance } from 'fastify';

/** A plan says of every stack what would happen to it. */
const PLAN_LIMIT = 16 * 1024 * 1024;

/** Lets the one route that takes a document of a whole fleet take it. Only platform admins get so far as to send one. */
export function allowFleetPlans(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (route.method === 'POST' && route.url === '/v1/fleet/plans') route.bodyLimit = PLAN_LIMIT;
  });
}
