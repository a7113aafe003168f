import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { apiChanges } from './contract/api-changes.js';
import { writtenOpenapi } from './written-openapi.js';

const GOLDEN = fileURLToPath(new URL('../../../libs/client/openapi.json', import.meta.url));
const MAIN = fileURLToPath(new URL('openapi.main.js', import.meta.url));
const LINT = fileURLToPath(new URL('../lint-openapi.mjs', import.meta.url));
const run = promisify(execFile);

it('is described by the golden copy, so that whoever changes the API sees what callers will notice', async () => {
  // After an intended change: `npm run openapi`, and commit the document and the client.
  const [golden, now] = [JSON.parse(readFileSync(GOLDEN, 'utf8')), JSON.parse(await writtenOpenapi())];
  // First what is worse.
  expect(apiChanges(golden, now)).toEqual({ breaking: [], harmless: [] });
  expect(now).toEqual(golden);
});

it('gives the same document each time', async () => {
  expect(await writtenOpenapi()).toBe(await writtenOpenapi());
});

it('is not renewed where callers would break, unless that is meant', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-openapi-'));
  try {
    const older = JSON.parse(readFileSync(GOLDEN, 'utf8'));
    older.paths['/v1/gone'] = { get: { operationId: 'gone', responses: {} } };
    const file = join(folder, 'openapi.json');
    await writeFile(file, JSON.stringify(older));
    await expect(run(process.execPath, [MAIN, file])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/BREAKS CALLERS {2}GET \/v1\/gone is gone[^]*npm run openapi:breaking/),
    });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(older);
    await run(process.execPath, [MAIN, file, '--breaking']);
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(GOLDEN, 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe('the linter', () => {
  it('finds nothing', async () => {
    expect((await run(process.execPath, [LINT, GOLDEN])).stdout).toBe('0 problems\n');
  });

  it('finds what a document lacks', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bulkhead-openapi-'));
    try {
      const bad = JSON.parse(readFileSync(GOLDEN, 'utf8'));
      delete bad.paths['/v1/tiers'].get.operationId;
      delete bad.paths['/v1/plans'].get.summary;
      bad.paths['/v1/Cells/'] = bad.paths['/v1/cells'];
      bad.paths['/v1/tenants'].get.responses[200].content['application/json'].schema.$ref = '#/components/schemas/No';
      const file = join(folder, 'openapi.json');
      await writeFile(file, JSON.stringify(bad));
      const ended: { code?: number; stdout: string } = await run(process.execPath, [LINT, file]).catch(
        (error: unknown) => error as never,
      );
      expect(ended.code).toBe(1);
      const rules = ['operationId', 'operation-summary', 'no-unresolved-refs', 'no-path-trailing-slash', 'kebab-case'];
      for (const rule of rules) expect(ended.stdout).toContain(rule);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
