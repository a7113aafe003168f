import { DeleteRolePolicyCommand } from '@aws-sdk/client-iam';
import { DecryptCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { jest } from '@jest/globals';
import { ISOLATIONS } from '@bulkhead/domain';
import { TenantKeys, type DataKeyLimits } from '@bulkhead/tenancy';
import pg from 'pg';
import { TenancyStage, type StagedTenant, type TenancyService } from './tenancy-stage.js';

let stage: TenancyStage;
let service: TenancyService;
const tenants: Record<string, StagedTenant> = {};

beforeAll(async () => {
  stage = await TenancyStage.start();
  for (const isolation of ISOLATIONS) {
    tenants[`${isolation} a`] = await stage.tenant(isolation);
    tenants[`${isolation} b`] = await stage.tenant(isolation);
  }
  tenants['hybrid a'] = await stage.hybrid();
  tenants['hybrid b'] = await stage.hybrid();
  service = await stage.service();
}, 300_000);
afterAll(() => stage?.stop());

const SSN = Buffer.from('078-05-1120');
const tenant = (name: string): StagedTenant => tenants[name] as StagedTenant;
const unreadable = { code: 'tenant_message_unreadable', status: 422 };

/** Another process of the same service. */
function anotherProcess(limits?: DataKeyLimits): TenantKeys {
  const { databases, layers, sessions } = service;
  const keys = new TenantKeys({ databases, layers, sessions, ...(limits && { limits }) });
  stage.onStop(() => keys.close());
  return keys;
}

const keysOf = ({ placed }: StagedTenant) =>
  stage.engines.sql(
    placed,
    `select k.version, k.messages::float, k.key_arn from bulkhead.data_key k join bulkhead.registration r using (binding_id)
      where r.tenant_id = $1 order by k.version`,
    [placed.tenantId],
  );

describe.each([...ISOLATIONS, 'hybrid'])('the data key of a %s tenant', (isolation) => {
  const a = () => tenant(`${isolation} a`);
  const b = () => tenant(`${isolation} b`);

  it('encrypts for one tenant and one purpose; everybody else gets one and the same error', async () => {
    const { keys } = service;
    const message = await keys.encrypt(a().context, 'patient.ssn', SSN);
    expect(message.includes(SSN)).toBe(false);
    expect(await keys.decrypt(a().context, 'patient.ssn', message)).toEqual(SSN);
    expect(await anotherProcess().decrypt(a().context, 'patient.ssn', message)).toEqual(SSN);
    await expect(keys.decrypt(a().context, 'patient.name', message)).rejects.toMatchObject(unreadable);
    await expect(keys.decrypt(b().context, 'patient.ssn', message)).rejects.toMatchObject(unreadable);
    const tampered = Buffer.from(message).reverse();
    message.copy(tampered, 0, 0, 36);
    await expect(keys.decrypt(a().context, 'patient.ssn', tampered)).rejects.toMatchObject(unreadable);
    const otherVersion = Buffer.from(message);
    otherVersion.writeUInt32BE(99, 20);
    await expect(keys.decrypt(a().context, 'patient.ssn', otherVersion)).rejects.toMatchObject(unreadable);
    await expect(keys.decrypt(a().context, 'patient.ssn', SSN)).rejects.toMatchObject(unreadable);
  });

  it('stays able to read what was written before a rotation, in every process', async () => {
    const { keys } = service;
    const before = await keys.encrypt(a().context, 'note', SSN);
    const version = await keys.rotate(a().context);
    const after = await keys.encrypt(a().context, 'note', SSN);
    expect(after.readUInt32BE(20)).toBe(version);
    expect(before.readUInt32BE(20)).toBe(version - 1);
    for (const reader of [keys, anotherProcess()]) {
      expect(await reader.decrypt(a().context, 'note', before)).toEqual(SSN);
      expect(await reader.decrypt(a().context, 'note', after)).toEqual(SSN);
    }
    expect((await keysOf(a())).map((row) => row['version'])).toContain(version);
  });

  it('is rotated once by many who rotate at the same time, or in order, and never twice under one number', async () => {
    const before = (await keysOf(a())).length;
    const versions = await Promise.all([1, 2, 3, 4].map(() => anotherProcess().rotate(a().context)));
    const rows = await keysOf(a());
    expect(rows.length).toBeGreaterThan(before);
    expect(Math.max(...versions)).toBe(rows.at(-1)?.['version']);
    expect(rows.map((row) => row['version'])).toEqual(rows.map((_, index) => index + 1));
  });

  it('gives way to the next version before 2^32 messages', async () => {
    const [newest] = (await keysOf(b())).slice(-1);
    const full = 2 ** 32 - 10;
    await stage.engines.sql(
      b().placed,
      `update bulkhead.data_key k set messages = $2 from bulkhead.registration r
        where r.binding_id = k.binding_id and r.tenant_id = $1`,
      [b().placed.tenantId, full],
    );
    const few = anotherProcess({ maxMessages: 4 });
    const versions: number[] = [];
    for (let i = 0; i < 12; i++) versions.push((await few.encrypt(b().context, 'x', SSN)).readUInt32BE(20));
    const first = Number(newest?.['version']);
    // 10 were left, in steps of four: two steps fit.
    expect(versions).toEqual([...Array<number>(8).fill(first), ...Array<number>(4).fill(first + 1)]);
  });

  it('is asked for by KMS once for many messages, and again after as many as allowed', async () => {
    const send = jest.spyOn(KMSClient.prototype, 'send');
    const keys = anotherProcess({ maxMessages: 50 });
    await Promise.all(Array.from({ length: 120 }, () => keys.encrypt(a().context, 'x', SSN)));
    const calls = send.mock.calls.filter(([command]) => command instanceof DecryptCommand).length;
    send.mockRestore();
    expect(calls).toBe(3);
  });
});

it("a tenant's database tells no wrapped key of another, and a wrapped key opens for its own binding only", async () => {
  const { databases } = service;
  const list = 'SELECT * FROM tenancy.data_keys()';
  const [ours, theirs] = await Promise.all(
    ['shared a', 'shared b'].map(async (name) => (await databases.query(tenant(name).context, list)).rows),
  );
  const bindings = (rows: typeof ours) => new Set(rows?.map((row) => String(row['binding_id'])));
  expect([...bindings(ours)].filter((binding) => bindings(theirs).has(binding))).toEqual([]);
  const [key] = theirs ?? [];
  const stolen = new DecryptCommand({
    CiphertextBlob: key?.['wrapped'],
    EncryptionContext: { 'bulkhead:binding': [...bindings(ours)][0] ?? '' },
  });
  await expect(stage.engines.clients.kms.send(stolen)).rejects.toThrow(/EncryptionContext/);
});

it('a tenant neither rotates nor spends the key of another', async () => {
  const { databases } = service;
  const theirs = String(
    (await databases.query(tenant('shared b').context, 'SELECT * FROM tenancy.data_keys()')).rows[0]?.['binding_id'],
  );
  const before = await keysOf(tenant('shared b'));
  const calls = [
    ['SELECT tenancy.take_messages($1, 1, 100) AS done', [theirs]],
    ['SELECT tenancy.add_data_key($1, $2, $3, $4) AS done', [theirs, before.length + 1, Buffer.alloc(4), 'arn']],
  ] as const;
  for (const [text, values] of calls) {
    const { rows } = await databases.query(tenant('shared a').context, text, [...values]);
    expect(rows).toEqual([{ done: false }]);
  }
  expect(await keysOf(tenant('shared b'))).toEqual(before);
});

it('without a context the home answers nothing, and says so', async () => {
  const asked = service.databases.route(tenant('shared a').context, false, async (_signed, { home }) => {
    const client = new pg.Client(await service.databases.connection(home));
    await client.connect();
    try {
      return await client.query('SELECT * FROM tenancy.data_keys()');
    } finally {
      await client.end();
    }
  });
  await expect(asked).rejects.toMatchObject({ code: 'tenant_context_refused' });
});

it('a key that was disabled encrypts and reads nothing, and works again when it is enabled', async () => {
  const { kms } = stage.engines.clients;
  const { context, placed } = tenant('dedicated a');
  const message = await service.keys.encrypt(context, 'note', SSN);
  const KeyId = placed.dedicated.key?.keyArn;
  await kms.send(new DisableKeyCommand({ KeyId }));
  const fresh = anotherProcess();
  const unavailable = { code: 'tenant_key_unavailable', status: 503 };
  await expect(fresh.encrypt(context, 'note', SSN)).rejects.toMatchObject(unavailable);
  await expect(fresh.decrypt(context, 'note', message)).rejects.toMatchObject(unavailable);
  await kms.send(new EnableKeyCommand({ KeyId }));
  expect(await fresh.decrypt(context, 'note', message)).toEqual(SSN);
});

it('a role that was closed to the workload ends the use of the key', async () => {
  const { iam } = stage.engines.plane.clients;
  const { context } = tenant('dedicated b');
  const { place } = await service.layers.find(context, 'key');
  const RoleName = place.access.roleArn.split('/').at(-1);
  await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'own-resources' }));
  const refused = { code: 'tenant_key_unavailable', status: 403, retryable: false };
  await expect(anotherProcess().encrypt(context, 'note', SSN)).rejects.toMatchObject(refused);
});
