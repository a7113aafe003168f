import { createHmac } from 'node:crypto';
import type { Redacted } from '@bulkhead/kernel';

/**
 * Headers of a signed webhook as Standard Webhooks has them (https://www.standardwebhooks.com, version 1): HMAC-SHA256
 * over `id.timestamp.body`, in base64, with the key that the secret holds.
 * @param secret `whsec_` and the key in base64.
 * @param timestamp Unix time in seconds: receivers refuse what is old, so that a message cannot be replayed.
 */
export function webhookHeaders(
  secret: Redacted,
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): Record<string, string> {
  const key = Buffer.from(secret.reveal().replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
}
