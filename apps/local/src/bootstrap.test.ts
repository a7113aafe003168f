import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync, existsSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The bootstrap is plain JavaScript that runs before anything is compiled; the types are those of its comments.
async function load<T>(file: string): Promise<T> {
  return (await import(new URL(`../bootstrap/${file}`, import.meta.url).href)) as T;
}

describe('versions', () => {
  it.each([
    ['20.20.2', '24.9', false],
    ['24.9.0', '24.9', true],
    ['24.10.0', '24.9', true],
    ['go version go1.26.8 linux/amd64', '1.26', true],
    ['Python 3.9.18', '3.10', false],
    ['nothing', '1.0', false],
  ])('%s is at least %s: %s', async (have, want, expected) => {
    const { isAtLeast } = await load<{ isAtLeast: (have: string, want: string) => boolean }>('versions.mjs');
    expect(isAtLeast(have, want)).toBe(expected);
  });
});

describe('installed packages', () => {
  const lock = (packages: object) => ({ packages });
  const a = { version: '1.0.0', integrity: 'sha512-a' };
  const check = async (wanted: object, installed: object | undefined): Promise<boolean> => {
    const { isInstalled } = await load<{ isInstalled: (wanted: object, installed?: object) => boolean }>(
      'packages.mjs',
    );
    return isInstalled(wanted, installed);
  };

  it('are current when they are what the lock file names, packages of other platforms aside', async () => {
    const wanted = lock({
      '': {},
      'libs/x': {},
      'node_modules/a': a,
      'node_modules/a-darwin': { ...a, optional: true },
    });
    expect(await check(wanted, lock({ 'node_modules/a': a }))).toBe(true);
  });

  it.each([
    ['nothing is installed', undefined],
    ['one is missing', lock({})],
    ['one has another version', lock({ 'node_modules/a': { ...a, version: '1.0.1' } })],
    ['one has other content', lock({ 'node_modules/a': { ...a, integrity: 'sha512-b' } })],
  ])('are stale when %s', async (_, installed) => {
    expect(await check(lock({ 'node_modules/a': a }), installed)).toBe(false);
  });
});

describe('the vendor’s checksums', () => {
  const sum = 'a'.repeat(64);
  it('give the sum of the file by its whole name, and nothing for another', async () => {
    const { checksumFor } = await load<{ checksumFor: (text: string, name: string) => string }>('pulumi-cli.mjs');
    const text = `${'b'.repeat(64)}  pulumi-v3.259.0-linux-x64.tar.gz.sig\n${sum}  pulumi-v3.259.0-linux-x64.tar.gz\n`;
    expect(checksumFor(text, 'pulumi-v3.259.0-linux-x64.tar.gz')).toBe(sum);
    expect(() => checksumFor(text, 'pulumi-v3.259.0-linux-arm64.tar.gz')).toThrow(/name no/);
  });
});

describe('the count of tests', () => {
  const count = async (result: object | undefined): Promise<object> => {
    const { countJest } = await load<{ countJest: (result?: object) => object }>('checks.mjs');
    return countJest(result);
  };
  const result = { numPassedTests: 3, numFailedTests: 1, numRuntimeErrorTestSuites: 0, numTotalTests: 4 };

  it('counts suites that could not be loaded, empty runs and missing results as failures', async () => {
    expect(await count(result)).toEqual({ passed: 3, failed: 1 });
    expect(await count({ ...result, numRuntimeErrorTestSuites: 2 })).toEqual({ passed: 3, failed: 3 });
    const empty = { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0, numTotalTests: 0 };
    expect(await count(empty)).toEqual({ passed: 0, failed: 1 });
    expect(await count(undefined)).toEqual({ passed: 0, failed: 1 });
  });
});

describe('the tool cache', () => {
  const cache = mkdtempSync(join(tmpdir(), 'bulkhead-tools-'));
  const before = process.env.BULKHEAD_TOOLS_DIR;
  beforeAll(() => {
    process.env.BULKHEAD_TOOLS_DIR = cache;
  });
  afterAll(() => {
    if (before === undefined) delete process.env.BULKHEAD_TOOLS_DIR;
    else process.env.BULKHEAD_TOOLS_DIR = before;
    rmSync(cache, { recursive: true, force: true });
  });
  type Ensure = (name: string, install: (folder: string) => Promise<void>) => Promise<string>;

  it('installs once for all who ask, and leaves nothing that looks finished when an install fails', async () => {
    const { ensureTool } = await load<{ ensureTool: Ensure }>('tool-cache.mjs');
    await expect(ensureTool('pulumi', async () => Promise.reject(new Error('cut off')))).rejects.toThrow('cut off');
    expect(readdirSync(cache)).toEqual([]);
    let installs = 0;
    const install = async (folder: string) => {
      installs += 1;
      writeFileSync(join(folder, 'binary'), '');
    };
    const folders = await Promise.all([ensureTool('pulumi', install), ensureTool('pulumi', install)]);
    expect(installs).toBe(1);
    expect(existsSync(join(folders[0], 'binary'))).toBe(true);
  });

  it('clears the remains of a killed install and takes over its lock', async () => {
    const { ensureTool, toolFolder } = await load<{ ensureTool: Ensure; toolFolder: (name: string) => string }>(
      'tool-cache.mjs',
    );
    const remains = `${toolFolder('node')}.partial-999999`;
    mkdirSync(remains, { recursive: true });
    const lock = join(cache, 'node.lock');
    writeFileSync(lock, String(process.pid));
    utimesSync(lock, new Date(0), new Date(0));
    await ensureTool('node', async () => {});
    expect(existsSync(remains)).toBe(false);
    expect(existsSync(lock)).toBe(false);
  });
});

describe('the command line', () => {
  it('names the commands when it is given another', () => {
    const main = new URL('../bootstrap/main.mjs', import.meta.url);
    const { status, stderr } = spawnSync(process.execPath, [main.pathname, 'dance'], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('start, demo, reset, test, faults, bench, build');
    expect(stderr).not.toContain('at bootstrap');
  });
});
