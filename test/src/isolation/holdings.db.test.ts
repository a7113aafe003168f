import { generateKeyPairSync } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { provisioningQueueActivities, type Dependencies } from '@bulkhead/activities';
import type { RecordProof } from '@bulkhead/control';
import { physicalNames } from '@bulkhead/domain';
import { createNoteSigner } from '@bulkhead/domain/audit';
import { findingsOf, proofDigest, verifyProof, type ProofReport } from '@bulkhead/domain/isolation';
import {
  managedSecrets,
  PLAIN_WORKLOAD,
  prove,
  s3Objects,
  type Holdings,
  type KeyHolding,
  type SecretHolding,
} from '@bulkhead/isolation';
import { newId } from '@bulkhead/kernel';
import { createLogger } from '@bulkhead/runtime';
import type { TenantContext } from '@bulkhead/tenancy';
import { MockActivityEnvironment } from '@temporalio/testing';
import { TenancyStage, type StagedTenant, type TenancyService } from '../tenancy/tenancy-stage.js';

let stage: TenancyStage;
let service: TenancyService;
let a: StagedTenant;
let b: StagedTenant;
const clients: { destroy(): void }[] = [];

beforeAll(async () => {
  stage = await TenancyStage.start();
  [a, b] = [await stage.tenant('shared'), await stage.tenant('shared')];
  service = await stage.service();
}, 120_000);
afterAll(async () => {
  for (const client of clients) client.destroy();
  await stage?.stop();
});

/** What the library gives to a tenant of a cell. */
async function holdingsOf({ context }: StagedTenant): Promise<Holdings> {
  const credentials = await service.storage.credentials(context);
  return { objects: await objectsWith(context, credentials), keys: keysOf(context), secrets: await secretsOf(context) };
}

async function objectsWith(context: TenantContext, credentials: object) {
  const { place } = await service.layers.find(context, 'storage');
  const s3 = new S3Client({ ...stage.cloud, forcePathStyle: true, credentials: { ...credentials } as never });
  clients.push(s3);
  return s3Objects(s3, place.bucket, place.prefix ?? '', place.keyArn);
}

function keysOf(context: TenantContext): KeyHolding {
  return {
    seal: (text, purpose) => service.keys.encrypt(context, purpose, Buffer.from(text)),
    open: (sealed, purpose) => service.keys.decrypt(context, purpose, sealed).then(String, () => undefined),
  };
}

/** A session for the secrets under a prefix; its own by default. */
async function secretsOf(context: TenantContext, limit?: string): Promise<SecretHolding> {
  const layer = await service.layers.find(context, 'database');
  const { secretPrefix } = layer.place;
  const Resource = [`arn:aws:secretsmanager:us-east-1:000000000000:secret:${limit ?? secretPrefix}*`];
  const statements = [{ Action: ['secretsmanager:GetSecretValue'], Resource }];
  const credentials = await service.sessions.credentials(layer, statements);
  const client = new SecretsManagerClient({ ...stage.cloud, credentials: { ...credentials } });
  clients.push(client);
  const name = `${secretPrefix}probe`;
  const create = new CreateSecretCommand({ Name: name, SecretString: 'of the tenant' });
  await stage.engines.clients.secrets.send(create).catch((error: unknown) => {
    if ((error as Error).name !== 'ResourceExistsException') throw error;
  });
  return managedSecrets(client, name);
}

const proveBetween = (mine: Holdings, theirs: Holdings): Promise<ProofReport> =>
  prove([{ kind: 'holdings', name: 'cell', a: mine, b: theirs }], { mode: 'live' });

it('what two tenants of one cell hold is green, by IAM and by key', async () => {
  const report = await proveBetween(await holdingsOf(a), await holdingsOf(b));
  expect(findingsOf(report)).toEqual([]);
  expect(report).toMatchObject({ verdict: 'green', targets: [{ voids: [], checks: [{ looked: 3 }] }] });
});

it('a session policy with the wrong prefix is named', async () => {
  const layer = await service.layers.find(a.context, 'storage');
  const { bucket, keyArn } = layer.place;
  const wide = await service.sessions.credentials(layer, [
    { Action: ['s3:*'], Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/b/*`] },
    { Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: [keyArn] },
  ]);
  const mine = { objects: await objectsWith(a.context, wide) };
  const report = await proveBetween(mine, await holdingsOf(b));
  expect(findingsOf(report)).toContainEqual(expect.objectContaining({ rule: 'object_reached' }));
});

it('a data key that two tenants share is named', async () => {
  const report = await proveBetween({ keys: keysOf(a.context) }, { keys: keysOf(a.context) });
  expect(findingsOf(report)).toMatchObject([{ rule: 'key_used' }]);
});

it('a session that reads the secrets of a whole installation is named', async () => {
  const report = await proveBetween({ secrets: await secretsOf(a.context, 'bulkhead/') }, await holdingsOf(b));
  expect(findingsOf(report)).toMatchObject([{ rule: 'secret_read' }]);
});

it('a database as the provider makes it shows no leak, seen with the logins that the worker has', async () => {
  const cell = a.placed.cell;
  if (!cell) throw new Error('The tenant has no cell');
  const { host, port, database, masterSecretArn, servingSecretArn } = cell.outputs.database;
  const login = async (secret: string) => {
    const { username, password } = await stage.engines.plane.secretValue(secret);
    return { host, port, database, user: String(username), password: String(password) };
  };
  const { ownerRole, servingRole, consumerRole, migratorRole } = physicalNames(cell.cellId);
  const [admin, serving] = [await login(masterSecretArn), await login(servingSecretArn)];
  const target = { kind: 'database', name: cell.cellId, admin, serving, ownerRole, servingRole, consumerRole } as const;
  const rest = { operators: [migratorRole], profile: PLAIN_WORKLOAD, leastTenantTables: 0 };
  const report = await prove([{ ...target, ...rest }], { mode: 'live' });
  expect(findingsOf(report)).toEqual([]);
  expect(report).toMatchObject({ verdict: 'green', targets: [{ voids: [] }] });
});

it('the worker’s activity signs and records what it saw, and a database without a workload is no proof', async () => {
  const { cell } = a.placed;
  if (!cell) throw new Error('The tenant has no cell');
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const reportSigner = createNoteSigner(pem, 'log.example/audit');
  const sent: RecordProof[] = [];
  const { ownerRole, servingRole, consumerRole, migratorRole } = physicalNames(cell.cellId);
  const place = {
    home: cell.cellId,
    database: cell.outputs.database,
    ownerRole,
    servingRole,
    consumerRole,
    migratorRole,
  };
  const activities = provisioningQueueActivities({
    gate: { execute: async (command: RecordProof) => void sent.push(command) },
    isolation: { tenantDatabases: async () => [place] },
    planes: stage.engines.clients,
    workload: PLAIN_WORKLOAD,
    logger: createLogger({ name: 'worker', level: 'silent' }),
    reportSigner,
  } as unknown as Dependencies);
  const proofId = newId('isolationProof');
  const call = { operationId: newId('operation'), proofId };
  const receipt = await new MockActivityEnvironment().run(() => activities.proveIsolation(call));
  const { signed } = sent[0]?.outcome ?? {};
  if (!signed) throw new Error('Nothing was recorded');
  expect(receipt).toEqual({ proofId, verdict: 'void', digest: proofDigest(signed.report), targets: 2, findings: 0 });
  expect(signed.report.targets[1]?.voids).toEqual(['Rows could be put into 0 tables; 1 are wanted.']);
  expect(() => verifyProof(signed.note, [reportSigner.publicKey], proofId, signed.report)).not.toThrow();
});
