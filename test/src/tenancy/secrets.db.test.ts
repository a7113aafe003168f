import { inspect } from 'node:util';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { waitFor } from '@bulkhead/kernel';
import { TenantSecrets } from '@bulkhead/tenancy';
import { TenancyStage, type StagedTenant, type TenancyService } from './tenancy-stage.js';

let stage: TenancyStage;
let service: TenancyService;
let secrets: TenantSecrets;
const KINDS = ['shared', 'dedicated'] as const;
const tenants: Record<string, StagedTenant> = {};

const tenant = (name: string): StagedTenant => tenants[name] as StagedTenant;
const prefixOf = async ({ context }: StagedTenant) =>
  (await service.layers.find(context, 'database')).place.secretPrefix;

beforeAll(async () => {
  stage = await TenancyStage.start();
  for (const kind of KINDS) {
    for (const name of ['a', 'b']) tenants[`${kind} ${name}`] = await stage.tenant(kind);
  }
  service = await stage.service();
  secrets = new TenantSecrets(service);
  for (const [name, staged] of Object.entries(tenants)) {
    const Name = `${await prefixOf(staged)}payer-login`;
    await stage.engines.clients.secrets.send(new CreateSecretCommand({ Name, SecretString: `secret of ${name}` }));
  }
}, 300_000);
afterAll(async () => {
  secrets?.close();
  await stage?.stop();
});

describe.each(KINDS)('the secrets of a %s tenant', (kind) => {
  const a = () => tenant(`${kind} a`);

  it('are its own, and show nowhere', async () => {
    const value = await secrets.read(a().context, 'payer-login');
    expect(value.reveal()).toBe(`secret of ${kind} a`);
    expect(`${String(value)} ${JSON.stringify(value)} ${inspect(value)}`).not.toContain('secret of');
  });

  it('that do not exist, or have a name that leads elsewhere, are told apart', async () => {
    await expect(secrets.read(a().context, 'none')).rejects.toMatchObject({
      code: 'tenant_secret_missing',
      status: 404,
    });
    for (const name of ['../serving', 'a/b', '', '*', 'A']) {
      await expect(secrets.read(a().context, name)).rejects.toMatchObject({ code: 'secret_name_invalid' });
    }
  });

  it('are all that its session reads, used with the SDK itself', async () => {
    const layer = await service.layers.find(a().context, 'database');
    const statements = [
      {
        Action: ['secretsmanager:GetSecretValue', 'secretsmanager:ListSecrets'],
        Resource: ['*'],
      },
    ];
    // Even a session without any narrowing: what the role itself gives is the most.
    const wide = await service.sessions.credentials(layer, statements);
    const client = new SecretsManagerClient({ ...stage.cloud, credentials: { ...wide } });
    const other = kind === 'shared' ? tenant('dedicated b') : tenant('shared b');
    const read = (SecretId: string) => client.send(new GetSecretValueCommand({ SecretId }));
    const denied = { name: 'AccessDeniedException' };
    await expect(read(`${await prefixOf(other)}payer-login`)).rejects.toMatchObject(denied);
    await expect(client.send(new ListSecretsCommand({}))).rejects.toMatchObject(denied);
    client.destroy();
  });
});

it('a secret of another tenant of the same cell is refused by Secrets Manager, not only by the library', async () => {
  const [a, b] = [tenant('shared a'), tenant('shared b')];
  const ours = await service.layers.find(a.context, 'database');
  const theirs = await service.layers.find(b.context, 'database');
  const credentials = await service.sessions.credentials(ours, [
    {
      Action: ['secretsmanager:GetSecretValue'],
      Resource: [`arn:aws:secretsmanager:us-east-1:000000000000:secret:${ours.place.secretPrefix}*`],
    },
  ]);
  const client = new SecretsManagerClient({ ...stage.cloud, credentials: { ...credentials } });
  const get = client.send(new GetSecretValueCommand({ SecretId: `${theirs.place.secretPrefix}payer-login` }));
  await expect(get).rejects.toMatchObject({ name: 'AccessDeniedException' });
  client.destroy();
});

it('a changed secret is read again when its time is over, and not before', async () => {
  const { layers, sessions } = service;
  const quick = new TenantSecrets({ layers, sessions, maxAgeMs: 200 });
  const staged = tenant('shared b');
  expect((await secrets.read(staged.context, 'payer-login')).reveal()).toBe('secret of shared b');
  expect((await quick.read(staged.context, 'payer-login')).reveal()).toBe('secret of shared b');
  const SecretId = `${await prefixOf(staged)}payer-login`;
  await stage.engines.clients.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: 'changed' }));
  await waitFor('the change', async () => (await quick.read(staged.context, 'payer-login')).reveal() === 'changed');
  expect((await secrets.read(staged.context, 'payer-login')).reveal()).toBe('secret of shared b');
  quick.close();
});
