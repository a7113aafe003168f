import { jest } from '@jest/globals';
import * as realFs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let freeBlocks = 10 ** 9;
jest.unstable_mockModule('node:fs', () => ({ ...realFs, statfsSync: () => ({ bavail: freeBlocks, bsize: 4096 }) }));
const { openStateFolder, readJson, writePrivateFile } = await import('./state-folder.js');

describe('the state folder', () => {
  const root = realFs.mkdtempSync(join(tmpdir(), 'bulkhead-state-'));
  afterAll(() => realFs.rmSync(root, { recursive: true, force: true }));

  it('is refused while the disk is nearly full, with the space that is left', () => {
    freeBlocks = (500 * 1024 ** 2) / 4096;
    expect(() => openStateFolder(join(root, 'full'))).toThrow(
      /Only 500 MB are free on the disk of .*full; the stack needs 1024 MB/,
    );
    freeBlocks = 10 ** 9;
    expect(openStateFolder(join(root, 'full')).dir).toBe(join(root, 'full'));
  });

  it('is refused where it cannot be made', () => {
    realFs.writeFileSync(join(root, 'file'), '');
    expect(() => openStateFolder(join(root, 'file', 'below'))).toThrow(/cannot be written \((ENOTDIR|EEXIST)\)/);
  });

  it('keeps files for their owner only, and says which one is damaged', () => {
    const file = join(root, 'secret.json');
    writePrivateFile(file, '{"a":1}');
    expect(realFs.statSync(file).mode & 0o777).toBe(0o600);
    expect(readJson(file)).toEqual({ a: 1 });
    realFs.writeFileSync(file, '{"a":');
    expect(() => readJson(file)).toThrow(`The file ${file} cannot be read as JSON.`);
    expect(readJson(join(root, 'absent.json'))).toBeUndefined();
  });
});
