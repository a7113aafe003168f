import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BATCHES, signer, SIZE, StoredLog } from './stored-log.fixture.js';

describe('the offline program', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'bulkhead-verify-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const program = fileURLToPath(new URL('./verify.main.js', import.meta.url));
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [program, ...args], { cwd: folder, env: {} }).then(
      (out) => ({ code: 0, ...out }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        stdout: error.stdout,
        stderr: error.stderr,
      }),
    );

  it('prints count, root and key of a good export and exits 0', async () => {
    const log = new StoredLog(BATCHES);
    await writeFile(join(folder, 'log.jsonl'), `${(await log.export()).join('\n')}\n`);
    await writeFile(join(folder, 'older.txt'), log.checkpoints.get(69) ?? '');
    const { code, stdout } = await run('log.jsonl', '--key', signer.publicKey, '--since', 'older.txt');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(`entries: ${SIZE}`) });
    expect(stdout).toContain(log.checkpoints.get(SIZE)?.split('\n')[2]);
    expect(stdout).toContain(signer.publicKey);
  });

  it('names the first bad index of a bad one and exits 1', async () => {
    const log = new StoredLog(BATCHES);
    log.rewrite(77, { andHash: false });
    await writeFile(join(folder, 'log.jsonl'), (await log.export()).join('\n'));
    const { code, stderr } = await run('log.jsonl', '--key', signer.publicKey);
    expect(code).toBe(1);
    expect(stderr).toContain('entry_changed\nfirst bad index: 77\n');
  });

  it('exits 2 with a plain sentence when it cannot check at all', async () => {
    expect(await run('log.jsonl')).toMatchObject({ code: 2, stderr: expect.stringContaining('--key') });
    expect(await run('absent.jsonl', '--key', signer.publicKey)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('absent.jsonl'),
    });
    await writeFile(join(folder, 'log.jsonl'), '{}');
    expect(await run('log.jsonl', '--key', 'nonsense')).toMatchObject({ code: 2 });
  });
});
