import { BulkheadError } from '@bulkhead/kernel';
import type { FastifyInstance } from 'fastify';
import { invalidRequest, pointerSegment } from './invalid-request.js';

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
/** Nothing that the API takes is nested deeper; more is an attempt to exhaust whoever walks through it. */
const DEEPEST = 8;

/**
 * Looks through every body and query, whatever the route does with them, and refuses what no field may hold: keys that
 * reach a prototype, endless depth, text that Postgres cannot store. Fastify's own check of keys is off, because it
 * does not say which key it was.
 */
export function inspectInput(fastify: FastifyInstance): void {
  fastify.addHook('preValidation', async ({ body, query }) => {
    inspect(body, '', 1);
    inspect(query, '/query', 1);
  });
}

function inspect(value: unknown, pointer: string, depth: number): void {
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
    throw invalidRequest([{ pointer, message: 'The text holds characters that cannot be stored.' }]);
  }
  if (value === null || typeof value !== 'object') return;
  if (depth > DEEPEST)
    throw invalidRequest([{ pointer: '', message: `Nothing may be nested deeper than ${DEEPEST}.` }]);
  for (const [key, member] of Object.entries(value)) {
    const place = `${pointer}/${pointerSegment(key)}`;
    if (FORBIDDEN.has(key)) throw forbiddenKey(place);
    inspect(member, place, depth + 1);
  }
}

function forbiddenKey(pointer: string): BulkheadError {
  const message = 'Keys named __proto__, constructor or prototype are not allowed.';
  return new BulkheadError({
    code: 'forbidden_key',
    status: 400,
    publicMessage: message,
    remediation: 'Remove the key that errors[] names.',
    errors: [{ pointer, message }],
  });
}
