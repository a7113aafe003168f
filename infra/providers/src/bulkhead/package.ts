import { createRequire } from 'node:module';
import { AwsClients, type AwsAccess } from '../aws/clients.js';
import type { Package } from '../protocol/resource-type.js';
import { MasterSessions } from './master-sessions.js';
import type { Plane } from './plane.js';
import { registration } from './registration.js';
import { tenantDatabase } from './tenant-database.js';

/** The `bulkhead` plugin. Its sessions are shared by all runs: the master's login and connections are the same. */
export function bulkheadPackage(access: AwsAccess): Package<Plane> {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  const clients = new AwsClients(access);
  const plane = { clients, sessions: new MasterSessions(clients) };
  const types = [tenantDatabase, registration];
  return { name: 'bulkhead', version, types, configuration: {}, configure: () => ({ cloud: () => plane }) };
}
