import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContextStore } from './context-store.js';

describe('contexts', () => {
  let folder: string;
  let store: ContextStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-contexts-'));
    store = new ContextStore({ env: { XDG_CONFIG_HOME: folder } });
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const add = (name: string) =>
    store.exclusively(async () => {
      const contexts = store.read();
      await new Promise(setImmediate);
      contexts.named.set(name, { url: 'https://bulkhead.example' });
      store.write(contexts);
    });

  it('keep what each of several writers adds', async () => {
    const names = ['one', 'two', 'three'];
    await Promise.all(names.map(add));
    expect([...store.read().named.keys()].toSorted()).toEqual(names.toSorted());
  });

  it('are free again some seconds after the process that changed them was killed', async () => {
    const lock = `${store.path}.lock`;
    mkdirSync(lock, { recursive: true });
    const before = new Date(Date.now() - 6_000);
    utimesSync(lock, before, before);
    await add('one');
    expect(store.read().named.has('one')).toBe(true);
    expect(existsSync(lock)).toBe(false);
  });

  it('can be changed again after a change that failed', async () => {
    await expect(store.exclusively(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await add('one');
    expect(store.read().named.has('one')).toBe(true);
  });
});
