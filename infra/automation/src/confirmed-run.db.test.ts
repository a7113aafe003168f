import type { DedicatedTenantOutputs, DedicatedTenantSpec, ProgramRequest } from '@bulkhead/domain';
import { stateDigest, type PlannedStep } from '@bulkhead/domain/fleet';
import { BulkheadError, newId } from '@bulkhead/kernel';
import { createAutomation, type Automation } from './automation.js';
import type { RunRequest } from './run-request.js';
import { startLocalCloud, type LocalCloud } from './testing/local-cloud.js';

// A run that asks before it changes anything, on real engines: what would be lost is told, and lost only when allowed.

let cloud: LocalCloud;
let automation: Automation;
beforeAll(async () => {
  cloud = await startLocalCloud();
  automation = await createAutomation(cloud.config);
  await up({
    program: 'landing-zone',
    spec: { region: 'us-east-1', auditBucket: 'bh-audit', logBucket: 'bh-logs', auditLockDays: 1 },
  });
}, 120_000);
afterAll(async () => {
  await automation?.close();
  await cloud?.stop();
});

const binding = () => ({ bindingId: newId('binding') });
const retention = { backupDays: 7, objectVersionDays: 30, logDays: 90 };
const dedicated = (layers: Partial<DedicatedTenantSpec>): Extract<ProgramRequest, { program: 'dedicated-tenant' }> => ({
  program: 'dedicated-tenant',
  spec: { stackId: newId('stack'), region: 'us-east-1', retention, ...layers },
});
const up = (request: ProgramRequest, confirm?: RunRequest['confirm']) =>
  automation.run({ request, action: 'up', operationId: newId('operation'), ...(confirm && { confirm }) });

it('a run that is not confirmed touches nothing; one that may lose a database deletes it and makes it anew', async () => {
  const { outputs } = await up(dedicated({ key: binding() }));
  const { keyArn } = (outputs as DedicatedTenantOutputs).key!;
  const other = ((await up(dedicated({ key: binding() }))).outputs as DedicatedTenantOutputs).key!.keyArn;
  const database = { ...binding(), instanceClass: 'db.t4g.micro', storageGb: 20 };
  const before = dedicated({ database, storage: binding(), sharedKeyArn: keyArn });
  const first = await up(before);
  const after: ProgramRequest = { ...before, spec: { ...before.spec, sharedKeyArn: other } };
  const stack = `dedicated-tenant.${before.spec.stackId}`;

  let told: readonly PlannedStep[] = [];
  const refused = up(after, async ({ steps, failures, error }, state) => {
    expect([failures, error, state && stateDigest(state)]).toEqual([[], undefined, stateDigest(first.state!)]);
    told = steps;
    throw new BulkheadError({ code: 'no', status: 409, publicMessage: 'No.', remediation: 'None.' });
  });
  await expect(refused).rejects.toMatchObject({ code: 'no' });
  const instance = told.find(({ type }) => type === 'aws:rds/instance:Instance');
  expect(instance).toMatchObject({
    operation: 'replace',
    properties: expect.arrayContaining([expect.objectContaining({ path: 'kmsKeyId', replaces: true })]),
  });
  expect(stateDigest((await automation.recordedState(stack))!)).toBe(stateDigest(first.state!));

  // Nobody allows it: Pulumi's own protection is the last to say no.
  const [identifier] = cloud.rds.identifiers();
  await expect(up(after, async () => [])).rejects.toThrow(/protect/);
  const { outputs: made } = await up(after, async () => [instance!.urn]);
  expect(cloud.rds.identifiers()).toEqual([identifier]);
  expect((made as DedicatedTenantOutputs).storage).toEqual((first.outputs as DedicatedTenantOutputs).storage);
  const settled = await automation.run({ request: after, action: 'up', operationId: newId('operation') });
  expect(Object.keys(settled.changes)).toEqual(['same']);
  const resources = await automation.stackResources(stack);
  expect(resources.find(({ urn }) => urn === instance!.urn)).toMatchObject({ protect: true });
}, 400_000);

it('what may be lost takes nothing along that holds data and that nobody named', async () => {
  const request = dedicated({ key: binding(), queue: binding() });
  const first = await up(request);
  const key = first.state!.resources.find(({ type }) => type === 'aws:kms/key:Key')!;
  await expect(up(request, async () => [key.urn])).rejects.toMatchObject({
    code: 'loss_unnamed',
    publicMessage: expect.stringContaining('aws:sqs/queue:Queue'),
  });
  const stack = `dedicated-tenant.${request.spec.stackId}`;
  expect(stateDigest((await automation.recordedState(stack))!)).toBe(stateDigest(first.state!));
}, 200_000);
