import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Answers with the body and its strong ETag (RFC 9110), or with 304 when the caller has that version already.
 * @returns undefined with 304.
 */
export function withEtag<T extends object>(body: T, request: FastifyRequest, reply: FastifyReply): T | undefined {
  const etag = `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 22)}"`;
  reply.header('etag', etag).header('cache-control', 'private, no-cache');
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (!known?.some((tag) => tag === etag || tag === '*')) return body;
  reply.status(304);
  return undefined;
}
