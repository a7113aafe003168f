import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiFixture } from '@bulkhead/api/testing';
import { createCheckpointSigner } from '@bulkhead/domain/audit';
import { AuditSequencer, openControlDatabase } from '@bulkhead/store';
import { generateKeyPairSync } from 'node:crypto';
import { Cli } from './testing/run-cli.js';
import { serveApi } from './testing/served-api.js';

const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const signer = createCheckpointSigner(pem, 'bulkhead.test/audit');
let api: ApiFixture;
let cli: Cli;
beforeAll(async () => {
  const served = await serveApi({ auditPublicKeys: [signer.publicKey] });
  api = served.api;
  cli = new Cli({ BULKHEAD_URL: served.url, BULKHEAD_TOKEN: api.adminToken });
  await api.standUpRegion();
  await api.onboard({ slug: 'riverside' });
});
afterAll(async () => {
  await api.stop();
  cli.remove();
});

it('a tenant is suspended with a reason, and let in again', async () => {
  expect((await cli.run(['tenants', 'suspend', 'riverside'])).stderr).toContain("required option '--reason <text>'");
  const suspended = await cli.json('tenants', 'suspend', 'riverside', '--reason', 'unpaid since March');
  expect(suspended).toMatchObject({ state: 'suspended', suspension: { reason: 'unpaid since March' } });
  const { code, stderr } = await cli.run(['tenants', 'suspend', 'riverside', '--reason', 'again']);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^Error: .+\n.+/)]);
  expect(await cli.json('tenants', 'resume', 'riverside')).toMatchObject({ state: 'active', suspension: null });
});

it('maintenance begins with a message for the tenant’s people, and ends', async () => {
  const begin = ['tenants', 'begin-maintenance', 'riverside', '--message', 'Back at four.'];
  const begun = await cli.json(...begin, '--until', '2030-11-30T04:00:00.000Z');
  expect(begun.maintenance).toMatchObject({ message: 'Back at four.', until: '2030-11-30T04:00:00.000Z' });
  expect(await cli.json('tenants', 'end-maintenance', 'riverside')).toMatchObject({ maintenance: null });
});

it('the subscription says where the tenant is billed', async () => {
  expect(await cli.json('tenants', 'subscription', 'riverside')).toMatchObject({
    billingProvider: 'ledger',
    plan: { name: 'clinic-per-provider' },
  });
});

it('entitlements are listed, decided otherwise than the plan, and given back to it', async () => {
  const before = await cli.json('entitlements', 'list', 'riverside');
  const { feature, ceiling } = before.find(({ kind }: { kind: string }) => kind === 'quota');
  const override = ['entitlements', 'override', 'riverside', feature, '--reason', 'pilot'];
  const after = await cli.json(...override, '--ceiling', String(ceiling + 1));
  expect(after).toContainEqual(expect.objectContaining({ feature, ceiling: ceiling + 1 }));
  expect((await cli.run(override)).stderr).toContain('Add --grant, --withhold or --ceiling');
  expect(await cli.run([...override, '--grant', '--ceiling', '3'])).toMatchObject({ code: 1, stdout: '' });
  expect(await cli.json('entitlements', 'restore', 'riverside', feature)).toEqual(before);
});

it('tokens are revoked, and the list says what services must refuse', async () => {
  const ofAda = async () =>
    (await cli.json('tokens', 'revocations')).filter(({ subject }: { subject: string | null }) => subject === 'ada');
  expect(await ofAda()).toEqual([]);
  const revoked = await cli.run(['tokens', 'revoke', 'riverside', '--subject', 'ada', '--reason', 'left']);
  expect(revoked).toMatchObject({ code: 0, stdout: '' });
  expect(await ofAda()).toMatchObject([{ tokenId: null }]);
  const { next } = await cli.json('tokens', 'rotate-keys');
  expect(await cli.json('tokens', 'rotate-keys', '--withdraw-current')).toMatchObject({ current: next });
});

it('a quote is read again by its id', async () => {
  const made = await cli.json('changes', 'quote', '--tenant', 'riverside', '--quantity', '4');
  expect(await cli.json('quotes', 'get', made.id)).toEqual(made);
});

it('the log’s checkpoint is saved for a later verification, and entries are proven against it', async () => {
  const source = await openControlDatabase(api.database.workerUrl, 1);
  const anchor = { put: async () => 'nowhere', latest: async () => undefined } as never;
  const sequencer = new AuditSequencer({ source, signer, anchor, onError: () => {} });
  await sequencer.integrateBatch();
  const file = join(cli.home, 'checkpoint');
  const older = await cli.json('audit', 'checkpoint', '--out', file);
  expect(readFileSync(file, 'utf8')).toBe(older.note);
  expect((await cli.run(['audit', 'checkpoint', '--out', file])).stderr).toContain('exists already');
  await cli.run(['api-keys', 'create', '--name', 'later', '--role', 'platform-admin']);
  await sequencer.integrateBatch();
  await source.destroy();
  const newer = await cli.json('audit', 'checkpoint');
  const { size: then } = older;
  expect(await cli.json('audit', 'inclusion', '0', '--size', String(then))).toMatchObject({ index: 0, size: then });
  expect(await cli.json('audit', 'consistency', String(then), String(newer.size))).toMatchObject({ first: then });
  const log = join(cli.home, 'log.jsonl');
  expect((await cli.run(['audit', 'export', '--out', log])).code).toBe(0);
  expect(existsSync(log)).toBe(true);
  const verify = ['audit', 'verify', log, '--key', signer.publicKey, '--since', file];
  expect(await cli.run(verify)).toMatchObject({ code: 0, stdout: expect.stringContaining('what the log has signed') });
});
