import { createRequire } from 'node:module';
import type { Package } from '../protocol/resource-type.js';
import { AwsClients } from '../aws/clients.js';
import type { StandInSettings } from '../aws/package.js';

/** The `bulkhead` plugin. */
export function bulkheadPackage(settings: StandInSettings): Package<AwsClients> {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  const clients = new AwsClients(settings);
  return { name: 'bulkhead', version, types: [], configuration: {}, configure: () => ({ cloud: () => clients }) };
}
