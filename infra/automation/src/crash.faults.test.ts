import { CrashStage, type Victim } from './testing/crash-stage.js';
import type { PassingRequest } from './testing/aws-proxy.js';

// The matrix of crash.db.test.ts: each kind of call that makes something is executed and its answer lost, while the
// CLI, the session or the worker is killed; then the run is repeated, or the stack discarded.

let stage: CrashStage;
beforeAll(async () => {
  stage = await CrashStage.open();
}, 120_000);
afterAll(() => stage.close());

const calls: Record<string, (call: PassingRequest) => boolean> = {
  CreateKey: ({ operation }) => operation === 'TrentService.CreateKey',
  CreateAlias: ({ operation }) => operation === 'TrentService.CreateAlias',
  CreateBucket: ({ operation }) => /^PUT \/bh-[0-9a-f]{32}\/?$/.test(operation),
  PutBucketEncryption: ({ operation }) => /^PUT \/bh-[0-9a-f]{32}\/?\?encryption/.test(operation),
  CreateDeadLetterQueue: ({ operation, body }) => operation === 'AmazonSQS.CreateQueue' && body.includes('-dlq"'),
  CreateRole: ({ body }) => body.includes('Action=CreateRole'),
  CreateSecret: ({ operation }) => operation === 'secretsmanager.CreateSecret',
  CreateDBInstance: ({ body }) => body.includes('Action=CreateDBInstance'),
  CreateLogGroup: ({ operation }) => operation === 'Logs_20140328.CreateLogGroup',
};
const victims: readonly Victim[] = ['cli', 'session', 'worker'];
const matrix = Object.keys(calls).flatMap((call) => victims.map((victim) => [call, victim] as const));

test.each(matrix)(
  '%s executed, %s killed: the repeated run has each resource once and a second repetition changes nothing',
  async (call, victim) => {
    const before = await stage.inventory();
    const request = stage.tenant({ database: stage.database() });
    await stage.crashAfter(request, calls[call]!, victim);
    await stage.upAfterTakeover(request);
    expect(await stage.inventory()).toEqual([...before, ...stage.expectedOf(request)].toSorted());
    expect(await stage.pendingCreates(request)).toEqual([]);
    expect((await stage.up(request)).changes).toEqual({ same: expect.any(Number) });
    await stage.discard(request);
    expect(await stage.inventory()).toEqual(before);
  },
  180_000,
);

test.each(Object.keys(calls))(
  '%s executed, CLI killed, then discarded: nothing is left',
  async (call) => {
    const before = await stage.inventory();
    const request = stage.tenant({ database: stage.database() });
    await stage.crashAfter(request, calls[call]!);
    await stage.discard(request);
    expect(await stage.inventory()).toEqual(before);
  },
  180_000,
);

test.each(Object.keys(calls))(
  '%s executed, its connection breaks: it is made once',
  async (call) => {
    const before = await stage.inventory();
    const request = stage.tenant({ database: stage.database() });
    const lost = stage.cloud.proxy.loseNext('drop', calls[call]!);
    await stage.up(request).catch(() => stage.up(request));
    await lost;
    expect(await stage.inventory()).toEqual([...before, ...stage.expectedOf(request)].toSorted());
    await stage.discard(request);
    expect(await stage.inventory()).toEqual(before);
  },
  180_000,
);
