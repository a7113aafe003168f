import { ListKeysCommand } from '@aws-sdk/client-kms';
import { ListBackupPlansCommand } from '@aws-sdk/client-backup';
import { startAwsEmulator, type AwsEmulator } from '../testing/aws-emulator.js';
import { startForgetfulProxy, type ForgetfulProxy } from '../testing/forgetful-proxy.js';
import { ProviderClient } from '../testing/provider-client.js';
import { resourceCases } from '../testing/resource-cases.js';
import { startRdsHost, type TestRdsHost } from '../testing/rds-host.js';
import { serveProvider, type RunningProvider } from '../protocol/server.js';
import { AwsClients } from './clients.js';
import { awsStandIn } from './package.js';
import { RdsHost } from './rds-host.js';

let emulator: AwsEmulator;
let proxy: ForgetfulProxy;
let rds: TestRdsHost;
let server: RunningProvider;
let client: ProviderClient;

beforeAll(async () => {
  [emulator, rds] = await Promise.all([startAwsEmulator(), startRdsHost()]);
  proxy = await startForgetfulProxy(emulator.endpoint);
  server = await serveProvider(
    awsStandIn({ ...emulator, endpoint: proxy.endpoint, rdsHost: new RdsHost(rds.url, rds.token) }),
  );
  client = await ProviderClient.connect(server.port);
});
afterAll(async () => {
  client?.close();
  await server?.stop();
  await proxy?.stop();
  await Promise.all([emulator?.stop(), rds?.stop()]);
});

const target = (name: string) => (call: { target: string }) => call.target.endsWith(`.${name}`);
const action = (name: string) => (call: { body: string }) => call.body.includes(`Action=${name}&`);

test.each([
  ['aws:kms/key:Key', target('CreateKey')],
  [
    'aws:s3/bucket:Bucket',
    ({ method, path }: { method: string; path: string }) => method === 'PUT' && path.startsWith('/bh-1'),
  ],
  ['aws:sqs/queue:Queue', target('CreateQueue')],
  ['aws:rds/instance:Instance', action('CreateDBInstance')],
  ['aws:rds/parameterGroup:ParameterGroup', action('CreateDBParameterGroup')],
  ['aws:secretsmanager/secret:Secret', target('CreateSecret')],
  ['aws:iam/role:Role', action('CreateRole')],
  ['aws:iam/policy:Policy', action('CreatePolicy')],
  ['aws:cloudwatch/logGroup:LogGroup', target('CreateLogGroup')],
  [
    'aws:backup/vault:Vault',
    ({ method, path }: { method: string; path: string }) => method === 'PUT' && path.startsWith('/backup-vaults/'),
  ],
  [
    'aws:backup/plan:Plan',
    ({ method, path }: { method: string; path: string }) => method === 'PUT' && path.startsWith('/backup/plans'),
  ],
])('%s: a creation that was carried out but not answered is adopted', async (token, matches) => {
  const one = resourceCases.find((candidate) => candidate.token === token);
  const given = await one?.arrange?.(async (type, inputs) => (await client.create(type, inputs)).state);
  proxy.loseAnswerOf(matches);
  const { id, state } = await client.create(token, { ...one?.before, ...given });
  expect(proxy.lost()).toBe(1);
  expect((await client.create(token, { ...one?.before, ...given })).id).toBe(id);
  for (const output of one?.outputs ?? []) expect(state).toHaveProperty(output);
});

test('nothing without a name was made twice', async () => {
  const clients = new AwsClients(emulator);
  expect((await clients.kms.send(new ListKeysCommand({}))).Keys).toHaveLength(1);
  expect((await clients.backup.send(new ListBackupPlansCommand({}))).BackupPlansList).toHaveLength(1);
});

test('a lost answer of the master secret does not leave a password that nobody knows', async () => {
  const inputs = {
    ...resourceCases.find(({ token }) => token === 'aws:rds/instance:Instance')?.before,
    identifier: 'bh-lost-secret',
  };
  proxy.loseAnswerOf(target('CreateSecret'));
  const { state } = await client.create('aws:rds/instance:Instance', inputs);
  expect(proxy.lost()).toBe(1);
  expect(state['masterUserSecrets']).toHaveLength(1);
});
