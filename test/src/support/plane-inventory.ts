import { readFileSync } from 'node:fs';
import { queryAt, type TestStack } from './test-stack.js';

const REGISTRY = `
  select format('registration %s %s of %s at %s', binding_id, layer, coalesce(tenant_id, 'nobody'), locator) as item from bulkhead.registration
  union all select format('data key %s version %s', binding_id, version) from bulkhead.data_key
  union all select format('home of %s is %s, epoch %s', tenant_id, home, epoch) from bulkhead.tenant_home
  union all select format('%s of %s is %s', layer, tenant_id, binding_id) from bulkhead.tenant_layer`;

/** A connection to a plane's database as the superuser of its server, whom nothing of Bulkhead knows. */
export function planeUrl(stack: TestStack, instance: string, database: string): string {
  const { engines } = stack;
  const found = engines.rdsHost.instances().find(({ record }) => record.identifier === instance);
  if (!found) throw new Error(`There is no server of ${instance}`);
  const { postgresSuperuser } = JSON.parse(readFileSync(engines.folder.path('secrets.json'), 'utf8')) as {
    postgresSuperuser: string;
  };
  return `postgres://rdsadmin:${encodeURIComponent(postgresSuperuser)}@127.0.0.1:${found.record.port}/${database}`;
}

async function databasesOf(stack: TestStack, instance: string): Promise<string[]> {
  const rows = await queryAt<{ name: string }>(
    planeUrl(stack, instance, 'postgres'),
    `select datname as name from pg_database where not datistemplate and datname <> 'postgres'`,
  );
  return rows.map(({ name }) => name);
}

/** Running servers of the RDS host, their databases, and what the registries in them say. */
export async function planeInventory(stack: TestStack): Promise<string[]> {
  const servers = stack.engines.rdsHost.instances().filter(({ running }) => running);
  const found = servers.map(async ({ record: { identifier } }) => {
    const databases = await databasesOf(stack, identifier);
    const registries = databases.map(
      async (name) => await queryAt<{ item: string }>(planeUrl(stack, identifier, name), REGISTRY),
    );
    const entries = (await Promise.all(registries)).flatMap((rows) => rows.map(({ item }) => item));
    return [`server ${identifier}`, ...databases.map((name) => `database ${name}`), ...entries];
  });
  return (await Promise.all(found)).flat();
}
