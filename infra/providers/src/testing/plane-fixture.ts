import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { AwsClients } from '../aws/clients.js';
import { awsStandIn } from '../aws/package.js';
import { RdsHost } from '../aws/rds-host.js';
import { bulkheadPackage } from '../bulkhead/package.js';
import { serveProvider } from '../protocol/server.js';
import type { Properties } from '../protocol/values.js';
import { startAwsEmulator } from './aws-emulator.js';
import { ProviderClient } from './provider-client.js';
import { startRdsHost } from './rds-host.js';

/** Both providers, the emulator, and one RDS instance with the secret that its serving login goes into. */
export async function startPlane() {
  const [emulator, rds] = await Promise.all([startAwsEmulator(), startRdsHost()]);
  const servers = await Promise.all([
    serveProvider(awsStandIn({ ...emulator, rdsHost: new RdsHost(rds.url, rds.token) })),
    serveProvider(bulkheadPackage(emulator)),
  ]);
  const [aws, bulkhead] = (await Promise.all(servers.map(({ port }) => ProviderClient.connect(port)))) as [
    ProviderClient,
    ProviderClient,
  ];
  const clients = new AwsClients(emulator);
  const secretValue = async (arn: string): Promise<Record<string, string | number>> => {
    const { SecretString = '{}' } = await clients.secrets.send(new GetSecretValueCommand({ SecretId: arn }));
    return JSON.parse(SecretString) as Record<string, string | number>;
  };
  return {
    emulator,
    rds,
    aws,
    bulkhead,
    clients,
    secretValue,

    /** Runs SQL with a login out of a secret, or as the superuser. */
    async sql(login: object, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
      const client = new pg.Client({ ...login, ...('username' in login ? { user: String(login.username) } : {}) });
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(text, values)).rows;
      } finally {
        await client.end();
      }
    },

    /** An RDS instance of this name. */
    async instance(identifier: string): Promise<{ inputs: Properties; state: Properties }> {
      const inputs = {
        identifier,
        engine: 'postgres',
        engineVersion: '18',
        instanceClass: 'db.t4g.micro',
        allocatedStorage: 20,
        username: 'bulkhead_master',
        manageMasterUserPassword: true,
        skipFinalSnapshot: true,
        tags: { 'bulkhead:id': identifier },
      };
      return { inputs, state: (await aws.create('aws:rds/instance:Instance', inputs)).state };
    },

    /** Inputs of a tenant database inside an instance, with empty secrets for its logins. */
    async databaseInputs(instance: Properties, name: string): Promise<Properties> {
      const secret = async (login: string): Promise<string> => {
        const { state } = await aws.create('aws:secretsmanager/secret:Secret', {
          name: `bulkhead/${name}/${login}`,
          recoveryWindowInDays: 0,
          tags: { 'bulkhead:id': name },
        });
        return state['arn'] as string;
      };
      const [master] = instance['masterUserSecrets'] as [{ secretArn: string }];
      return {
        resourceId: name,
        host: instance['address'] ?? '',
        port: instance['port'] ?? 0,
        masterSecretArn: master.secretArn,
        database: name,
        ownerRole: `${name}_owner`,
        servingRole: `${name}_app`,
        servingSecretArn: await secret('serving'),
        migratorRole: `${name}_migrator`,
        migratorSecretArn: await secret('migrator'),
        consumerRole: `${name}_consumer`,
        consumerSecretArn: await secret('consumer'),
        home: name,
        schemaVersion: '1',
      };
    },

    async stop(): Promise<void> {
      for (const client of [aws, bulkhead]) client.close();
      await Promise.all(servers.map((server) => server.stop()));
      await Promise.all([emulator.stop(), rds.stop()]);
    },
  };
}
export type PlaneFixture = Awaited<ReturnType<typeof startPlane>>;
