import { Readable } from 'node:stream';
import { BulkheadError } from '@bulkhead/kernel';
import type { ClinicOptions } from '../clinic.js';

/**
 * Storage, keys and queues of tenants in memory, for tests of what the service does with them; test/src/clinic runs it with the
 * real ones. A message is readable for the tenant and purpose that it was sealed for only.
 */
export function memoryLayers(): Pick<ClinicOptions, 'keys' | 'storage' | 'queues'> {
  const objects = new Map<string, { bytes: Buffer; contentType: string | undefined }>();
  return {
    keys: {
      encrypt: async ({ tenantId }, purpose, plaintext) =>
        Buffer.from(JSON.stringify([tenantId, purpose, Buffer.from(plaintext).toString('base64')])),
      decrypt: async ({ tenantId }, purpose, message) => {
        const [owner, meant, text] = JSON.parse(Buffer.from(message).toString()) as [string, string, string];
        if (owner === tenantId && meant === purpose) return Buffer.from(text, 'base64');
        throw refusal('tenant_message_unreadable', 422);
      },
    },
    queues: { send: async (_context, _kind, _payload, options) => options?.id ?? '' },
    storage: {
      put: async ({ tenantId }, key, body, options) => {
        objects.set(`${tenantId} ${key}`, { bytes: Buffer.from(body), contentType: options?.contentType });
        return { etag: '' };
      },
      get: async ({ tenantId }, key) => {
        const object = objects.get(`${tenantId} ${key}`);
        if (object === undefined) throw refusal('object_not_found', 404);
        const { bytes, contentType } = object;
        const body = Readable.from([bytes]);
        return { contentType, size: bytes.length, etag: '', metadata: {}, body, bytes: async () => bytes };
      },
      delete: async ({ tenantId }, key) => void objects.delete(`${tenantId} ${key}`),
    },
  };
}

function refusal(code: string, status: number): BulkheadError {
  return new BulkheadError({ code, status, publicMessage: code, remediation: 'Mend the test.' });
}
