import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { planeUrl } from '../support/plane-inventory.js';
import { queryAt, type TestStack } from '../support/test-stack.js';

interface Place {
  readonly tier: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly secretArn: string;
}

/** Where the database of the first tenant of a tier is. */
export async function placeOf({ api }: TestStack, tier: string): Promise<Place> {
  const found = await api.list<{ id: string; slug: string }>(`/v1/tenants?q=first-${tier}`);
  const tenant = found.find(({ slug }) => slug === `first-${tier}`);
  const { bindings } = await api.get<{ bindings: { layer: string; outputs: Record<string, string> }[] }>(
    `/v1/tenants/${tenant?.id}/placement`,
  );
  const outputs = bindings.find(({ layer }) => layer === 'database')?.outputs ?? {};
  const { host = '', port, database = '', servingSecretArn: secretArn = '' } = outputs;
  return { tier, host, port: Number(port), database, secretArn };
}

/** The superuser's address of that database, for looking behind everybody's back. */
export function superuserUrl(stack: TestStack, { port, database }: Place): string {
  const server = stack.engines.rdsHost.instances().find(({ record }) => record.port === port);
  return planeUrl(stack, server?.record.identifier ?? '', database);
}

/** The address that the tenant's application uses, from the secret that it reads. */
export async function servingUrl(
  { engines: { aws } }: TestStack,
  place: Place,
): Promise<{ url: string; username: string }> {
  const client = new SecretsManagerClient({ endpoint: aws.endpoint, region: aws.region, credentials: aws.root });
  const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId: place.secretArn }));
  const { username, password } = JSON.parse(SecretString) as { username: string; password: string };
  const { host, port, database } = place;
  return { username, url: `postgres://${username}:${encodeURIComponent(password)}@${host}:${port}/${database}` };
}

const RIGHTS = `
  select r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolreplication,
    (select count(*)::int from pg_class where relowner = r.oid) as relations,
    (select count(*)::int from pg_namespace where nspowner = r.oid) as schemas,
    (select count(*)::int from pg_database where datdba = r.oid) as databases,
    (select count(*)::int from pg_auth_members where member = r.oid) as memberships
  from pg_roles r where rolname = current_user`;
const NONE = { rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false };

/** What the login of a tenant's application may do in the database. */
export function describeServingLogins(current: () => TestStack): void {
  describe.each(['pooled', 'dedicated'])('the serving login of a %s database', (tier) => {
    let url: string;
    let username: string;
    beforeAll(async () => {
      ({ url, username } = await servingUrl(current(), await placeOf(current(), tier)));
    });

    it('is neither superuser nor owner of anything, bypasses nothing and is a member of no role', async () => {
      expect(await queryAt(url, RIGHTS)).toEqual([{ ...NONE, relations: 0, schemas: 0, databases: 0, memberships: 0 }]);
    });

    it.each(['registration', 'tenant_home', 'data_key', 'context_key'])(
      'can neither read nor change the registry table %s',
      async (table) => {
        await expect(queryAt(url, `select * from bulkhead.${table}`)).rejects.toThrow(/permission denied/);
        await expect(queryAt(url, `delete from bulkhead.${table}`)).rejects.toThrow(/permission denied/);
      },
    );

    it('cannot make tables, become the owner or turn its connection into another one', async () => {
      const owner = username.replace(/_app$/, '_owner');
      const attempts = [
        'create table app.mine (a int)',
        'create table public.mine (a int)',
        'create schema mine',
        `set role ${owner}`,
        'set session_replication_role = replica',
        `alter role ${username} bypassrls`,
      ];
      for (const sql of attempts) {
        await expect(queryAt(url, sql).then(() => sql)).rejects.toThrow(/permission denied|must be|Only roles/);
      }
    });
  });
}
