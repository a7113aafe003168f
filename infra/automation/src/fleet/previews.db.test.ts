import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DedicatedTenantSpec, ProgramRequest } from '@bulkhead/domain';
import type { RecordedState } from '@bulkhead/domain/fleet';
import { newId } from '@bulkhead/kernel';
import { startProviders, type ProviderProcess } from '@bulkhead/providers/testing/pulumi-stack';
import { locateTools } from '@bulkhead/providers/testing/tools';
import { createAutomation } from '../automation.js';
import { startLocalCloud } from '../testing/local-cloud.js';
import { openPreviews, type Previews, type StackPlan } from './previews.js';
import { SECRET_PLACEHOLDER } from './recorded-state.js';

// The state is one of a real run; the previews have no state database, no AWS and no credentials.

let providers: ProviderProcess;
let previews: Previews;
let aws: Server;
let asked = 0;
let state: RecordedState;
const folder = mkdtempSync(join(tmpdir(), 'bulkhead-previews-'));
const region = 'us-east-1' as const;
const binding = () => ({ bindingId: newId('binding') });
const spec: DedicatedTenantSpec = {
  stackId: newId('stack'),
  tenantId: newId('tenant'),
  region,
  retention: { backupDays: 7, objectVersionDays: 30, logDays: 90 },
  database: { ...binding(), instanceClass: 'db.t4g.micro', storageGb: 20 },
  storage: binding(),
  key: binding(),
  queue: binding(),
};
const request = (changes: Partial<DedicatedTenantSpec> = {}): ProgramRequest => ({
  program: 'dedicated-tenant',
  spec: { ...spec, ...changes },
});

beforeAll(async () => {
  state = await stateOfRun();
  aws = createServer((_request, response) => {
    asked++;
    response.writeHead(500).end();
  }).listen(0, '127.0.0.1');
  await once(aws, 'listening');
  const endpoint = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`;
  providers = await startProviders({ AWS_REGION: region, AWS_ENDPOINT_URL: endpoint });
  previews = await openPreviews({
    pulumiRoot: locateTools().pulumiRoot,
    pulumiHome: join(folder, 'home'),
    providers: `aws:${providers.ports.aws},bulkhead:${providers.ports.bulkhead}`,
  });
}, 180_000);
afterAll(async () => {
  aws?.close();
  await providers?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function stateOfRun(): Promise<RecordedState> {
  const cloud = await startLocalCloud();
  const automation = await createAutomation(cloud.config);
  try {
    const zone = { region, auditBucket: 'bh-audit', logBucket: 'bh-logs', auditLockDays: 1 };
    const up = (wanted: ProgramRequest) =>
      automation.run({ request: wanted, action: 'up', operationId: newId('operation') });
    await up({ program: 'landing-zone', spec: zone });
    return (await up(request())).state!;
  } finally {
    await automation.close();
    await cloud.stop();
  }
}

const summary = ({ steps }: StackPlan) => steps.map(({ operation, name }) => `${operation} ${name}`);
const planOf = async (changes: Partial<DedicatedTenantSpec>, recorded: RecordedState | null = state) => {
  const plan = await previews.plan(request(changes), recorded);
  expect(plan).toMatchObject({ failures: [], violations: [] });
  expect(plan.error).toBeUndefined();
  return plan;
};

test('the specification that the state was made from changes nothing', async () => {
  expect(summary(await planOf({}))).toEqual([]);
});

test('a larger instance is an update, with the property that differs', async () => {
  const plan = await planOf({ database: { ...spec.database!, instanceClass: 'db.t4g.large' } });
  expect(plan.steps).toMatchObject([
    {
      operation: 'update',
      name: 'database-instance',
      type: 'aws:rds/instance:Instance',
      properties: [{ path: 'instanceClass', before: '"db.t4g.micro"', after: '"db.t4g.large"', replaces: false }],
    },
  ]);
});

test('another key replaces the database, although its state is protected, and says why', async () => {
  const { key: _, ...shared } = spec;
  const sharedKeyArn = 'arn:aws:kms:us-east-1:000000000000:key/cell';
  const plan = await previews.plan({ program: 'dedicated-tenant', spec: { ...shared, sharedKeyArn } }, state);
  expect(plan.error).toBeUndefined();
  const instance = plan.steps.find(({ name }) => name === 'database-instance');
  expect(instance).toMatchObject({
    operation: 'replace',
    properties: expect.arrayContaining([expect.objectContaining({ path: 'kmsKeyId', replaces: true })]),
  });
  expect(summary(plan)).toContain('delete key-key');
});

test('a layer that the specification no longer has is deleted, and one that was not there is created', async () => {
  const { storage: _, ...less } = spec;
  const plan = await previews.plan({ program: 'dedicated-tenant', spec: less }, state);
  expect(summary(plan)).toContain('delete storage-bucket');
  const fresh = await planOf({}, null);
  expect(fresh.steps.every(({ operation }) => operation === 'create')).toBe(true);
  expect(fresh.steps.length).toBeGreaterThan(20);
});

test('a secret of the state is shown as one, and needs no key', async () => {
  const secret = {
    '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
    plaintext: JSON.stringify(SECRET_PLACEHOLDER),
  };
  const resources = state.resources.map((resource) =>
    resource.type === 'aws:kms/key:Key'
      ? {
          ...resource,
          inputs: { ...resource.inputs, description: secret },
          outputs: { ...resource.outputs, description: secret },
        }
      : resource,
  );
  const plan = await previews.plan(request(), { ...state, resources });
  const key = plan.steps.find(({ name }) => name === 'key-key');
  expect(key?.properties).toMatchObject([{ path: 'description', before: expect.stringContaining('secret') }]);
});

test('a specification that a program refuses is an error of its stack, not of the runner', async () => {
  const { database: _d, storage: _s, key: _k, queue: _q, ...none } = spec;
  const plan = await previews.plan({ program: 'dedicated-tenant', spec: none }, state);
  expect(plan.error).toContain('has no layer');
});

test('no preview asked AWS for anything', () => {
  expect(asked).toBe(0);
});
