import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiFixture } from '@bulkhead/api/testing';
import { createCheckpointSigner } from '@bulkhead/domain/audit';
import { AuditSequencer, openControlDatabase } from '@bulkhead/store';
import { Cli } from './testing/run-cli.js';
import { serveApi } from './testing/served-api.js';

const pem = () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const signer = createCheckpointSigner(pem(), 'bulkhead.test/audit');
const offline = new Cli();
let api: ApiFixture;
let cli: Cli;
let file: string;
beforeAll(async () => {
  const served = await serveApi({ auditPublicKeys: [signer.publicKey] });
  api = served.api;
  cli = new Cli({
    BULKHEAD_URL: served.url,
    BULKHEAD_TOKEN: await api.issuer.token({ roles: ['platform-admin', 'ci'] }),
  });
  file = join(cli.home, 'log.jsonl');
  for (let i = 0; i < 5; i++) await cli.run(['api-keys', 'create', '--name', `key ${i}`, '--role', 'ci']);
  const source = await openControlDatabase(api.database.workerUrl, 1);
  const anchor = { put: async () => 'nowhere', latest: async () => undefined } as never;
  await new AuditSequencer({ source, signer, anchor, onError: () => {} }).integrateBatch();
  await source.destroy();
  const { code, stderr } = await cli.run(['audit', 'export', '--out', file]);
  if (code !== 0) throw new Error(stderr);
});
afterAll(async () => {
  await api.stop();
  cli.remove();
  offline.remove();
});

it('lists what was done, newest first, over the pages', async () => {
  const events = await cli.json('audit', 'events', '--action', 'api_key.create', '--all');
  expect(events.map(({ index }: { index: number }) => index)).toEqual(
    [...events.keys()].map((i) => events[0].index - i),
  );
  expect(events.length).toBeGreaterThanOrEqual(5);
  expect((await cli.run(['audit', 'events', '--limit', '1'])).stdout).toMatch(/api_key\.create +accepted +key_/);
});

it('verifies an export without any server', async () => {
  const { code, stdout } = await offline.run(['audit', 'verify', file, '--key', signer.publicKey, '-o', 'json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, from: 0, publicKey: signer.publicKey });
});

it('names the first bad index of a log that was changed, and fails', async () => {
  const bad = join(cli.home, 'bad.jsonl');
  const lines = readFileSync(file, 'utf8').split('\n');
  const changed = lines.map((line) => (line.includes('"index":3,') ? line.replace('accepted', 'refused') : line));
  writeFileSync(bad, changed.join('\n'));
  expect(readFileSync(bad, 'utf8')).not.toBe(readFileSync(file, 'utf8'));
  const { code, stdout } = await offline.run(['audit', 'verify', bad, '--key', signer.publicKey]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/VERDICT +FAILED: entry_changed[^]*FIRST BAD INDEX +3\n/);
});

it('says why an export cannot be checked', async () => {
  const other = createCheckpointSigner(pem(), 'bulkhead.test/audit').publicKey;
  expect(await offline.run(['audit', 'verify', file, '--key', other])).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('unknown_key'),
  });
  expect(await offline.run(['audit', 'verify', file, '--key', 'nonsense'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no public key'),
  });
  expect(await offline.run(['audit', 'verify', '/nowhere', '--key', other])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('/nowhere cannot be read (ENOENT)'),
  });
  expect(await offline.run(['audit', 'verify', offline.home, '--key', other])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('EISDIR'),
  });
});

it('exports to stdout too, and never over a file that is there', async () => {
  expect((await cli.run(['audit', 'export'])).stdout).toBe(readFileSync(file, 'utf8'));
  expect(await cli.run(['audit', 'export', '--out', file])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('exists already'),
  });
  const { code } = await cli.run(['audit', 'export', '--out', join(cli.home, 'none'), '--from', '5000']);
  expect([code, existsSync(join(cli.home, 'none'))]).toEqual([1, false]);
});

it('is for those who may read it', async () => {
  const env = { BULKHEAD_TOKEN: await api.issuer.token({ roles: ['sales-ops'] }) };
  expect(await cli.run(['audit', 'events'], { env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('auditor'),
  });
});
