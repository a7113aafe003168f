import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFolder } from './folder-lock.js';
import { identify } from './process-identity.js';

describe('the lock of a state folder', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bulkhead-lock-'));
  const file = join(dir, 'lock.json');
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('is held until it is given back', () => {
    const unlock = lockFolder(dir);
    expect(() => lockFolder(dir)).toThrow(`(process ${process.pid})`);
    unlock();
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    ['whose holder is dead', JSON.stringify({ pid: process.pid, startedAt: 'another-boot/1' })],
    ['that was cut off while it was written', '{"pid": 1'],
  ])('is taken over from one %s', (_, text) => {
    writeFileSync(file, text);
    const unlock = lockFolder(dir);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ ...identify(process.pid) });
    unlock();
  });

  it('is not taken away by the one who lost it', () => {
    const unlock = lockFolder(dir);
    writeFileSync(file, 'of somebody else');
    unlock();
    expect(readFileSync(file, 'utf8')).toBe('of somebody else');
  });
});
