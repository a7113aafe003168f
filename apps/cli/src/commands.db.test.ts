import type { ApiFixture } from '@bulkhead/api/testing';
import { RecordLandingZone, ReportOperation } from '@bulkhead/control';
import type { OperationId } from '@bulkhead/kernel';
import { openControlDatabase } from '@bulkhead/store';
import { parse } from 'yaml';
import { Cli, type Ended } from './testing/run-cli.js';
import { serveApi } from './testing/served-api.js';

let api: ApiFixture;
let cli: Cli;
beforeAll(async () => {
  const served = await serveApi();
  api = served.api;
  cli = new Cli({ BULKHEAD_URL: served.url, BULKHEAD_TOKEN: api.adminToken });
  await api.standUpRegion();
});
afterAll(async () => {
  await api.stop();
  cli.remove();
});

let made = 0;
const creation = (slug = `clinic-${++made}`, more: readonly string[] = []) => [
  ...['tenants', 'create', '--name', 'Riverside Family Clinic', '--slug', slug, '--region', 'us-east-1'],
  ...['--tier', 'pooled', '--plan', 'clinic-per-provider', '--quantity', '3', ...more],
];
const as = async (claims: { roles: string[] }) => ({ env: { BULKHEAD_TOKEN: await api.issuer.token(claims) } });
const refused = (ended: Ended, message: string) => {
  expect([ended.code, ended.stdout]).toEqual([1, '']);
  expect(ended.stderr).toContain(message);
  expect(ended.stderr).not.toMatch(/^\s+at /m);
};

/** What the worker writes of a step. */
async function stepIs(operationId: string, name: string, changes: Record<string, unknown>): Promise<void> {
  const source = await openControlDatabase(api.database.workerUrl, 1);
  try {
    await source.manager.update('OperationStepEntity', { operationId, name }, changes);
  } finally {
    await source.destroy();
  }
}
const report = (id: string, state: 'running' | 'succeeded' | 'failed' | 'needs_attention', more = {}) =>
  api.asWorker(new ReportOperation({ operationId: id as OperationId, state, ...more }));

describe('tenants', () => {
  it('are created, and the answer is the data', async () => {
    const { code, stdout, stderr } = await cli.run(creation('riverside', ['-o', 'json']));
    const { tenant, operation } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(tenant).toMatchObject({ slug: 'riverside', state: 'provisioning', tier: { name: 'pooled' }, quantity: 3 });
    expect(stderr).toBe(`Started operation ${operation.id}. To follow it: bulkhead operations watch ${operation.id}\n`);
    expect(await cli.json('tenants', 'get', 'riverside')).toEqual(tenant);
    expect(await cli.json('tenants', 'get', tenant.id)).toEqual(tenant);
    expect(parse((await cli.run(['tenants', 'get', 'riverside', '-o', 'yaml'])).stdout)).toEqual(tenant);
    expect((await cli.run(['tenants', 'get', 'riverside', '-o', 'name'])).stdout).toBe(`${tenant.id}\n`);
  });

  it('print the same JSON each time, with sorted keys', async () => {
    const first = await cli.run(['tenants', 'get', 'riverside', '-o', 'json']);
    expect(await cli.run(['tenants', 'get', 'riverside', '-o', 'json'])).toEqual(first);
    const keys = Object.keys(JSON.parse(first.stdout));
    expect(keys).toEqual(keys.toSorted());
    expect(keys).toContain('slug');
  });

  it('are created once for one key', async () => {
    const args = creation('lakeside', ['--idempotency-key', 'once', '-o', 'json']);
    const [first, second] = [await cli.run(args), await cli.run(args)];
    expect(second.stdout).toBe(first.stdout);
    refused(await cli.run(creation('another', ['--idempotency-key', 'once'])), 'Idempotency-Key');
  });

  it('are only rehearsed with --dry-run, with an exit code of its own', async () => {
    const { code, stdout, stderr } = await cli.run(creation('never-there', ['--dry-run', '-o', 'json']));
    expect([code, stderr]).toEqual([2, 'Dry run: everything was checked and nothing was created.\n']);
    expect(JSON.parse(stdout)).toMatchObject({
      dryRun: true,
      layers: { database: 'shared' },
      tenant: { slug: 'never-there' },
    });
    refused(await cli.run(['tenants', 'get', 'never-there']), 'There is no tenant with the slug "never-there".');
    refused(await cli.run(creation('riverside', ['--dry-run'])), 'slug');
  });

  it('are listed in columns, by filter, and no more than asked for', async () => {
    const { stdout } = await cli.run(['tenants', 'list', '--search', 'riverside']);
    expect(stdout.split('\n')[0]).toMatch(/^ID +SLUG +NAME +REGION +TIER +PLAN +QUANTITY +STATE +CREATED$/);
    expect(stdout).toMatch(/^ten_[0-9a-f]{32} {2}riverside {2,}Riverside Family Clinic {2}us-east-1 {2}pooled@1 /m);
    const limited = await cli.run(['tenants', 'list', '--limit', '1', '-o', 'json']);
    expect(JSON.parse(limited.stdout)).toMatchObject([{ slug: 'lakeside' }]);
    expect(limited.stderr).toContain('more than 1');
    const all = await cli.run(['tenants', 'list', '--all', '-o', 'name']);
    expect([all.stdout.trim().split('\n').length, all.stderr]).toEqual([2, '']);
    expect(await cli.json('tenants', 'list', '--tier', 'dedicated')).toEqual([]);
  });

  it('show their placement', async () => {
    const { tenantId, bindings } = await cli.json('placements', 'get', 'riverside');
    expect([tenantId, bindings]).toEqual([expect.stringMatching(/^ten_/), []]);
    expect((await cli.run(['placements', 'get', 'riverside'])).stdout).toMatch(/^LAYER +ISOLATION +STATE/);
  });
});

describe('garbage', () => {
  it.each([
    ['an unknown tier', creation('a-slug').map((arg) => (arg === 'pooled' ? 'golden' : arg)), 'tier'],
    ['an unknown region', creation('a-slug').map((arg) => (arg === 'us-east-1' ? 'mars' : arg)), 'region'],
    ['a bad slug', creation('Ä ../x'), '/slug'],
    [
      'control characters',
      creation('a-slug').map((arg) => (arg === 'Riverside Family Clinic' ? 'a\u001B[2J' : arg)),
      '/name',
    ],
    ['too large a quantity', creation('a-slug', ['--quantity', '999999999999999']), '/quantity'],
    ['an unknown id', ['tenants', 'get', `ten_${'0'.repeat(32)}`], 'no such tenant'],
    ['an id that leaves its place', ['tenants', 'get', 'ten_/../../api-keys'], 'no such tenant'],
    ['an operation that is none', ['operations', 'get', '..'], 'nothing at this address'],
    ['a tenant that there is not', ['tenants', 'get', `ten_${'0'.repeat(32)}`], 'bulkhead tenants list\n'],
    ['its placements', ['placements', 'get', `ten_${'0'.repeat(32)}`], 'bulkhead tenants list\n'],
    ['a state that is none', ['operations', 'list', '--state', 'asleep'], 'state'],
    ['an unknown tier’s name', ['tiers', 'get', 'golden'], 'no such tier'],
  ])('is refused by the API in its own words: %s', async (_what, args, message) => {
    const ended = await cli.run(args);
    expect(ended.stderr.toLowerCase()).toContain(message.toLowerCase());
    refused(ended, '');
    expect(ended.stderr.trim().split('\n').length).toBeGreaterThanOrEqual(2);
    expect(ended.stderr).not.toContain('\u001B');
  });
});

describe('credentials', () => {
  it.each([
    ['made up', () => 'nonsense', 'The token is not valid here.'],
    ['expired', () => api.issuer.token({ exp: 1 }), 'The token has expired.'],
    ['of another issuer', () => api.issuer.foreignToken(), 'The token is not valid here.'],
  ])('that are %s are refused, with how to sign in', async (_what, token, message) => {
    const ended = await cli.run(['tenants', 'list'], { env: { BULKHEAD_TOKEN: await token() } });
    refused(ended, message);
    expect(ended.stderr).toContain('bulkhead login --help');
  });

  it('without the role are refused, naming the roles that may', async () => {
    const ended = await cli.run(creation(), await as({ roles: ['auditor'] }));
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('roles: platform-admin') });
  });

  it('are examined by the doctor', async () => {
    expect(await cli.json('doctor')).toMatchObject([
      { check: 'configuration', ok: true, detail: expect.stringContaining('from the environment') },
      { check: 'reachable', ok: true },
      { check: 'ready', ok: true, detail: 'database up' },
      { check: 'credential', ok: true, detail: expect.stringMatching(/^token is accepted until 20/) },
      { check: 'roles', ok: true, detail: 'platform-admin' },
    ]);
    const { code, stdout } = await cli.run(['doctor'], await as({ roles: [] }));
    expect([code, stdout]).toEqual([1, expect.stringMatching(/roles +FAILED/)]);
  });
});

describe('operations', () => {
  const start = async (more: readonly string[] = []) =>
    (await cli.json(...creation(undefined, more))).operation.id as string;

  it('are watched step by step until they succeed; progress is not data', async () => {
    const id = await start();
    const watching = cli.start(['operations', 'watch', id, '-o', 'json']);
    await watching.says(`tenant.onboard ${id}: queued`);
    await report(id, 'running');
    const { steps } = await cli.json('operations', 'get', id);
    await stepIs(id, steps[0].name, { state: 'running', attempt: 2, waitingFor: 'a cell', startedAt: new Date(0) });
    await watching.says(`${steps[0].name.replaceAll('_', ' ')}: running, attempt 2, waiting for a cell`);
    await stepIs(id, steps[0].name, { state: 'succeeded', waitingFor: null, finishedAt: new Date(1500) });
    await watching.says('succeeded (1.5 s)');
    await report(id, 'succeeded', { result: { done: true } });
    const { code, stdout } = await watching.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      id,
      state: 'succeeded',
      result: { done: true },
      steps: expect.any(Array),
    });
    expect(JSON.parse(stdout)).toEqual(await cli.json('operations', 'get', id));
  });

  it('fail the command that waits for them, with the reason', async () => {
    const waiting = cli.start(creation('waiting', ['--wait', '-o', 'json']));
    await waiting.says('queued');
    const [{ id }] = await cli.json('operations', 'list', '--limit', '1');
    await report(id, 'running');
    await report(id, 'failed', {
      error: { code: 'policy_violation', message: 'The bucket is public.', remediation: 'Close it.' },
    });
    const { code, stdout, stderr } = await waiting.ended;
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ tenant: { slug: 'waiting' }, operation: { id, state: 'failed' } });
    expect(stderr).toContain(`Error: Operation ${id} has failed: The bucket is public.\nClose it.\n`);
  });

  it('end the wait when they need somebody, who then retries or cancels', async () => {
    const id = await start();
    refused(await cli.run(['operations', 'retry', id]), 'only one that needs attention can be retried');
    await report(id, 'running');
    await report(id, 'needs_attention', {
      error: { code: 'plane_unreachable', message: 'No answer.', remediation: 'Look at it.' },
    });
    const watched = await cli.run(['operations', 'watch', id]);
    expect(watched.code).toBe(1);
    expect(watched.stderr).toContain(`needs attention: No answer.\nLook at it. Then: bulkhead operations retry ${id}`);
    const { slug } = await cli.json('tenants', 'get', (await cli.json('operations', 'get', id)).subjectId);
    expect(await cli.json('operations', 'list', '--tenant', slug)).toMatchObject([{ id }]);
    expect((await cli.run(['operations', 'list', '--state', 'needs_attention', '-o', 'name'])).stdout).toBe(`${id}\n`);
    expect((await cli.run(['operations', 'get', id])).stdout).toMatch(
      /^ID .*\nKIND +tenant.onboard\n[^]*\nSTEP +STATE +ATTEMPT/,
    );
    expect(await cli.json('operations', 'cancel', id)).toMatchObject({ id, state: 'cancelling' });
  });

  it('go on when the wait is too long or is interrupted', async () => {
    const id = await start();
    const { code, stderr } = await cli.run(['operations', 'watch', id, '--timeout', '1s']);
    expect([code, stderr]).toEqual([
      5,
      expect.stringContaining(`Operation ${id} is not over yet (queued); it goes on.`),
    ]);
    const watching = cli.start(['operations', 'watch', id]);
    await watching.says('queued');
    watching.interrupt();
    expect(await watching.ended).toMatchObject({
      code: 130,
      stdout: '',
      stderr: expect.stringContaining(
        `Interrupted. Operation ${id} goes on. To watch it again: bulkhead operations watch ${id}`,
      ),
    });
    expect(await cli.json('operations', 'get', id)).toMatchObject({ state: 'queued' });
  });
});

describe('the rest', () => {
  it('lists and shows the catalogue', async () => {
    const tiers = await cli.json('tiers', 'list');
    expect(tiers.map(({ name }: { name: string }) => name).toSorted()).toEqual([
      'dedicated',
      'hybrid-database',
      'hybrid-storage',
      'pooled',
    ]);
    expect((await cli.run(['plans', 'list', '-o', 'name'])).stdout).toContain('clinic-per-provider@1\n');
    expect((await cli.run(['plans', 'get', 'clinic-per-provider'])).stdout).toMatch(
      /USD \d+\.\d\d per-provider a (month|year)/,
    );
  });

  it('applies landing zones and stands up cells', async () => {
    const { landingZone, operation } = await cli.json(
      'landing-zones',
      'apply',
      '--region',
      'us-west-2',
      '--audit-lock-days',
      '400',
    );
    expect(landingZone).toMatchObject({ region: 'us-west-2', auditLockDays: 400, state: 'provisioning' });
    refused(
      await cli.run(['cells', 'create', '--name', 'west', '--region', 'us-west-2', '--capacity', '10']),
      'landing zone',
    );
    await api.asWorker(new RecordLandingZone({ region: 'us-west-2', active: true }));
    await api.finish(operation.id);
    expect((await cli.run(['landing-zones', 'list'])).stdout).toMatch(/us-west-2 +active /);
    const { cell } = await cli.json('cells', 'create', '--name', 'west', '--region', 'us-west-2', '--capacity', '10');
    expect(await cli.json('cells', 'get', cell.id)).toEqual(cell);
    expect(await cli.json('cells', 'list', '--region', 'us-west-2')).toEqual([cell]);
  });
});
