import { BulkheadError } from '@bulkhead/kernel';
import pg from 'pg';
import { REQUIRED_VERSION } from '../fleet/index.js';

/** 42883 no such function, 3F000 no such schema: nothing was migrated yet. */
const ABSENT = ['42883', '3F000'];

/**
 * Looks whether the fleet's migrations have come to a database far enough for this release. Asked once, when the first
 * request goes there: a version never goes back.
 * @throws BulkheadError `database_outdated` (503), which passes by itself.
 */
export async function requireVersion(login: pg.ClientConfig, required = REQUIRED_VERSION): Promise<void> {
  const version = await versionOf(login);
  if (version >= required) return;
  throw new BulkheadError({
    code: 'database_outdated',
    status: 503,
    retryable: true,
    publicMessage: `The database has version ${version} of the clinic's tables, and this release needs ${required}.`,
    remediation: 'Send the request again in a moment; if it lasts, look at the fleet migrator (clinic migrate).',
  });
}

async function versionOf(login: pg.ClientConfig): Promise<number> {
  const client = new pg.Client(login);
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ version: number }>('SELECT app.clinic_version() AS version');
    return rows[0]?.version ?? 0;
  } catch (error) {
    if (ABSENT.includes((error as { code?: string }).code ?? '')) return 0;
    throw error;
  } finally {
    await client.end();
  }
}
