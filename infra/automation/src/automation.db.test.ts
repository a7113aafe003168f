import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DedicatedTenantSpec, ProgramRequest, RosterSpec } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import pg from 'pg';
import { createAutomation, type Automation } from './automation.js';
import { RunError } from './errors.js';
import type { RunRequest } from './run-request.js';
import type { ProgramEvent } from './session/messages.js';
import { cloudInventory } from './testing/inventory.js';
import { startLocalCloud, type LocalCloud } from './testing/local-cloud.js';
import { runProcesses } from './testing/processes.js';

// Real: the CLI, state in Postgres, both providers in a process of their own, the AWS emulator, a Postgres per instance.

let cloud: LocalCloud;
let automation: Automation;
let admin: pg.Client;

const retention = { backupDays: 7, objectVersionDays: 30, logDays: 90 };
const region = 'us-east-1' as const;
const landingZone: ProgramRequest = {
  program: 'landing-zone',
  spec: { region, auditBucket: 'bh-audit', logBucket: 'bh-logs', auditLockDays: 1 },
};

beforeAll(async () => {
  cloud = await startLocalCloud();
  automation = await createAutomation(cloud.config);
  admin = new pg.Client(cloud.state.adminUrl);
  await admin.connect();
  await run({ request: landingZone, action: 'up' });
}, 120_000);

afterAll(async () => {
  await admin.end();
  await automation.close();
  await cloud.stop();
});

const run = (wanted: Omit<RunRequest, 'operationId'>) => automation.run({ operationId: newId('operation'), ...wanted });
const binding = () => ({ bindingId: newId('binding') });
const dedicated = (layers: Partial<DedicatedTenantSpec>): Extract<ProgramRequest, { program: 'dedicated-tenant' }> => ({
  program: 'dedicated-tenant',
  spec: { stackId: newId('stack'), region, retention, ...layers },
});
const discarded = (request: ReturnType<typeof dedicated>): ProgramRequest => ({
  ...request,
  spec: { ...request.spec, discardedBy: newId('operation') },
});
const failure = (promise: Promise<unknown>): Promise<RunError> =>
  promise.then(
    () => Promise.reject(new Error('The run succeeded')),
    (error: RunError) => error,
  );

async function stateRows(): Promise<readonly { key: string; text: string }[]> {
  const { rows } = await admin.query<{ key: string; data: string }>(
    `SELECT key, data->>'data' AS data FROM bulkhead_state.pulumi_state`,
  );
  return rows.map(({ key, data }) => ({ key, text: Buffer.from(data, 'base64').toString() }));
}

test('a dedicated tenant is stood up, stays the same on a second run, and is gone without a trace after its destruction', async () => {
  const before = await cloudInventory(cloud.emulator);
  const events: ProgramEvent[] = [];
  const request = dedicated({
    tenantId: newId('tenant'),
    database: { ...binding(), instanceClass: 'db.t4g.micro', storageGb: 20 },
    storage: binding(),
    key: binding(),
    queue: binding(),
  });
  const { outputs, changes } = await run({ request, action: 'up', onEvent: (event) => events.push(event) });
  expect(Object.keys(outputs).toSorted()).toEqual(['database', 'key', 'queue', 'storage']);
  expect(events).toContainEqual(
    expect.objectContaining({ operation: 'create', state: 'done', name: 'storage-bucket' }),
  );
  const all = { same: changes.create };
  expect((await run({ request, action: 'up' })).changes).toEqual(all);

  const kept = await failure(run({ request, action: 'destroy' }));
  expect(kept.code).toBe('stack_protected');
  expect((await run({ request, action: 'up' })).changes).toEqual(all);

  await run({ request: discarded(request), action: 'destroy' });
  expect(await cloudInventory(cloud.emulator)).toEqual(before);
  expect(cloud.rds.identifiers()).toEqual([]);
  expect(await automation.listStacks()).toEqual(['landing-zone.us-east-1']);
  expect((await run({ request: discarded(request), action: 'destroy' })).changes).toEqual({});
}, 180_000);

test("the state of every run holds no secret: neither passwords nor the passphrase nor the run's login", async () => {
  const request = dedicated({
    database: { ...binding(), instanceClass: 'db.t4g.micro', storageGb: 20 },
    key: binding(),
  });
  await run({ request, action: 'up' });
  const { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } =
    await import('@aws-sdk/client-secrets-manager');
  const secrets = new SecretsManagerClient({ ...cloud.emulator });
  const { SecretList = [] } = await secrets.send(new ListSecretsCommand({}));
  const values = await Promise.all(
    SecretList.map(({ ARN }) => secrets.send(new GetSecretValueCommand({ SecretId: ARN }))),
  );
  const passwords = values.map(
    ({ SecretString = '{}' }) => (JSON.parse(SecretString) as { password: string }).password,
  );
  expect(passwords.length).toBeGreaterThanOrEqual(2);
  const canaries = [
    ...passwords,
    'passphrase-of-the-tests',
    'bulkhead_run_',
    cloud.emulator.credentials.secretAccessKey,
  ];
  for (const { key, text } of await stateRows()) {
    for (const canary of canaries) expect(`${key}: ${text.includes(canary)}`).toBe(`${key}: false`);
  }
  await run({ request: discarded(request), action: 'destroy' });
}, 120_000);

test('a rule of the policy pack stops the run before the resource is made, and names rule and resource', async () => {
  // The shared key is there, but empty: nothing but the rules would notice.
  const request = dedicated({ sharedKeyArn: '', queue: binding() });
  const before = await cloudInventory(cloud.emulator);
  const error = await failure(run({ request, action: 'up' }));
  expect(error).toMatchObject({ code: 'policy_violation', retryable: false });
  const broken = new Set(error.violations.map(({ rule }) => rule));
  expect(broken).toContain('queue-encrypted-with-customer-key');
  expect(await cloudInventory(cloud.emulator)).toEqual(before);
  await run({ request: discarded(request), action: 'destroy' });
}, 60_000);

test('an invalid specification is refused in its own words, and not to be retried', async () => {
  const error = await failure(run({ request: dedicated({ storage: binding() }), action: 'up' }));
  expect(error).toMatchObject({ code: 'dedicated_tenant_invalid', status: 422, retryable: false });
});

describe('a roster', () => {
  let spec: RosterSpec;
  beforeAll(async () => {
    const cellId = newId('cell');
    const cell: ProgramRequest = {
      program: 'cell',
      spec: { cellId, region, retention, databaseClass: 'db.t4g.micro', databaseGb: 20 },
    };
    const { outputs } = await run({ request: cell, action: 'up' });
    spec = {
      rosterId: newId('roster'),
      cellId,
      region,
      cell: outputs as unknown as RosterSpec['cell'],
      registrations: [],
    };
  }, 120_000);

  test('one bad registration is named and does not keep the others out', async () => {
    const good = { ...binding(), layer: 'storage' as const };
    // One binding serves one layer: registered as storage, it cannot come back as a queue.
    await run({ request: { program: 'roster', spec: { ...spec, registrations: [good] } }, action: 'up' });
    const [bad, other] = [
      { ...good, layer: 'queue' as const },
      { ...binding(), layer: 'queue' as const },
    ];
    const second: RosterSpec = { ...spec, rosterId: newId('roster'), registrations: [bad, other] };
    const error = await failure(run({ request: { program: 'roster', spec: second }, action: 'up' }));
    expect(error).toMatchObject({ code: 'provider_failed', retryable: true });
    expect(error.failures.map(({ name }) => name)).toEqual([good.bindingId]);
    const made = await automation.stackResources(`roster.${second.rosterId}`);
    expect(made.map(({ id }) => id)).toContain(other.bindingId);
    const { outputs } = await run({
      request: { program: 'roster', spec: { ...second, registrations: [other] } },
      action: 'up',
    });
    expect(Object.keys(outputs['registrations'] as object)).toEqual([other.bindingId]);
  }, 120_000);
});

test('two runs on one stack: the second hears that it is busy; on two stacks both run', async () => {
  const [one, two] = [dedicated({ key: binding() }), dedicated({ key: binding() })];
  const started = Promise.withResolvers<void>();
  const first = run({ request: one, action: 'up', onEvent: () => started.resolve() });
  await started.promise;
  const [busy, other] = await Promise.allSettled([
    run({ request: one, action: 'up' }),
    run({ request: two, action: 'up' }),
  ]);
  expect(busy).toMatchObject({ status: 'rejected', reason: { code: 'stack_busy', retryable: true } });
  expect(other.status).toBe('fulfilled');
  await first;
  for (const request of [one, two]) await run({ request: discarded(request), action: 'destroy' });
}, 120_000);

test('a run that Pulumi does not begin is ended, says what it waits for, and changes nothing', async () => {
  const impatient = await createAutomation({ ...cloud.config, maxSilenceMs: 20_000 });
  const request = dedicated({ key: binding(), queue: binding() });
  // A writer that never commits: the CLI's CREATE INDEX IF NOT EXISTS, which it repeats at every start, waits for it.
  await admin.query('BEGIN');
  await admin.query('LOCK TABLE bulkhead_state.pulumi_state IN ROW EXCLUSIVE MODE');
  const stalled = impatient.run({ request, action: 'up', operationId: newId('operation') });
  await expect(stalled).rejects.toMatchObject({
    code: 'run_stalled',
    retryable: true,
    publicMessage: expect.stringMatching(/waits for Lock relation, behind 1 sessions/),
  });
  await admin.query('ROLLBACK');
  expect(runProcesses(cloud.config.pulumiHome)).toEqual([]);
  expect((await run({ request, action: 'up' })).changes).toHaveProperty('create');
  await run({ request: discarded(request), action: 'destroy' });
  await impatient.close();
});

test('the history of a stack does not grow for ever', async () => {
  const spec: RosterSpec = {
    rosterId: newId('roster'),
    cellId: newId('cell'),
    region,
    cell: {
      database: { host: 'unused', port: 1, database: 'unused', masterSecretArn: '', servingSecretArn: '' },
      bucket: 'unused',
      keyArn: '',
      queueUrl: '',
      deadLetterQueueUrl: '',
    },
    registrations: [],
  };
  for (let n = 0; n < 6; n++) await run({ request: { program: 'roster', spec }, action: 'up' });
  const keys = (await stateRows()).map(({ key }) => key).filter((key) => key.includes(spec.rosterId));
  expect(keys.filter((key) => key.includes('/history/'))).toHaveLength(10);
  expect(keys.filter((key) => key.includes('/backups/'))).toEqual([]);
}, 120_000);

test('nothing is left of a run: no process, no folder, no login', async () => {
  expect(runProcesses(cloud.config.pulumiHome)).toEqual([]);
  expect(readdirSync(join(cloud.config.pulumiHome, 'runs'))).toEqual([]);
  expect((await admin.query('SELECT * FROM bulkhead_lease.state_logins')).rows).toEqual([]);
  expect((await admin.query(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'bulkhead_run_%'`)).rows).toEqual([]);
  const { rows } = await admin.query(`SELECT key FROM bulkhead_state.pulumi_state WHERE key LIKE '%/locks/%'`);
  expect(rows).toEqual([]);
});
