import { Redacted } from '@bulkhead/kernel';
import { createLogger } from '@bulkhead/runtime';
import { DataSource } from 'typeorm';
import { createApi } from './api.js';
import { openapiDocument } from './openapi.js';

/**
 * The OpenAPI document as its golden copy is written: JSON, indented, with a newline at the end. The API is put
 * together over a database that nobody connects to, because the document depends on the code alone.
 */
export async function writtenOpenapi(): Promise<string> {
  const app = await createApi({
    source: new DataSource({ type: 'postgres' }),
    bucketPrefix: 'bulkhead',
    auditPublicKeys: [],
    tokenIssuer: 'http://127.0.0.1',
    tokenSecret: new Redacted(new Uint8Array(32)),
    oidcIssuer: 'http://127.0.0.1',
    oidcAudience: 'bulkhead-api',
    requestsPerMinute: 1,
    logger: createLogger({ name: 'openapi', level: 'fatal' }),
  });
  try {
    return `${JSON.stringify(openapiDocument(app), null, 2)}\n`;
  } finally {
    await app.close();
  }
}
