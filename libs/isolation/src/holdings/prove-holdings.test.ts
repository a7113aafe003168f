import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { findingsOf } from '@bulkhead/domain/isolation';
import { prove } from '../prove.js';
import type { Holdings, HoldingsTarget, KeyHolding } from './target.js';

interface Leaks {
  /** Prefix that a tenant's session is limited to; its own by default. */
  readonly session?: (prefix: string) => string;
  readonly sharedKey?: boolean;
  readonly withoutPurpose?: boolean;
  readonly openQueues?: boolean;
  readonly openSecrets?: boolean;
  readonly nothingWorks?: boolean;
}

/** AES-GCM with the purpose as associated data. */
function dataKey(secret: Buffer, purposes: boolean): KeyHolding {
  const aad = (purpose: string): Buffer => Buffer.from(purposes ? purpose : '');
  return {
    async seal(text, purpose) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(aad(purpose));
      const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    },
    async open(bytes, purpose) {
      const all = Buffer.from(bytes);
      const decipher = createDecipheriv('aes-256-gcm', secret, all.subarray(0, 12)).setAAD(aad(purpose));
      decipher.setAuthTag(all.subarray(12, 28));
      try {
        return Buffer.concat([decipher.update(all.subarray(28)), decipher.final()]).toString();
      } catch {
        return undefined;
      }
    },
  };
}

/** Two tenants in one bucket whose sessions are limited as policies do it: by the beginning of a key. */
function holdings(leaks: Leaks = {}, store = new Map<string, string>()): HoldingsTarget {
  const queues = new Map<string, string[]>();
  const shared = randomBytes(32);
  const of = (name: 'a' | 'b'): Holdings => {
    const prefix = `b/${name}/`;
    const limit = (leaks.session ?? ((own) => own))(prefix);
    const may = (key: string): boolean => !leaks.nothingWorks && key.startsWith(limit);
    const mayQueue = (address: string): boolean => leaks.openQueues === true || address === `queue-${name}`;
    return {
      objects: {
        bucket: 'cell',
        prefix,
        put: async (_, key, text) => (may(key) ? (store.set(key, text), true as const) : undefined),
        get: async (_, key) => (may(key) ? store.get(key) : undefined),
        list: async (_, under) => (may(under) ? [...store.keys()].filter((key) => key.startsWith(under)) : undefined),
        remove: async (_, key) => (may(key) ? (store.delete(key), true as const) : undefined),
      },
      keys: dataKey(leaks.sharedKey ? shared : randomBytes(32), !leaks.withoutPurpose),
      queue: {
        address: `queue-${name}`,
        send: async (address, text) => (mayQueue(address) ? (queues.set(address, [text]), true as const) : undefined),
        receive: async (address) => (mayQueue(address) ? queues.get(address) : undefined),
      },
      secrets: {
        own: `secret-${name}`,
        read: async (id) => (leaks.openSecrets || id === `secret-${name}` ? 's' : undefined),
      },
    };
  };
  return { kind: 'holdings', name: 'cel_1', a: of('a'), b: of('b') };
}

it('sound holdings are green', async () => {
  const report = await prove([holdings()], { mode: 'live' });
  expect(findingsOf(report)).toEqual([]);
  expect(report).toMatchObject({ verdict: 'green', targets: [{ voids: [], checks: [{ looked: 4 }] }] });
});

it('a proof leaves no object behind, and takes along what a killed one left', async () => {
  const kept = ['b/a/letter.txt', 'b/b/probe-notes.txt'];
  const left = ['b/a/probe-0123456789ab', 'b/a/../b/b/probe-0123456789ab', 'b/b/probe-0123456789ab-planted'];
  const store = new Map([...kept, ...left].map((key) => [key, 'x']));
  await prove([holdings({}, store)], { mode: 'live' });
  expect([...store.keys()]).toEqual(kept);
});

it.each([
  ['a session that is limited to the wrong prefix', { session: (): string => 'b/' }, 'object_reached'],
  ['a session that is not limited', { session: (): string => '' }, 'object_reached'],
  ['a shared data key', { sharedKey: true }, 'key_used'],
  ['a data key that ignores its purpose', { withoutPurpose: true }, 'key_used'],
  ['an open queue', { openQueues: true }, 'queue_reached'],
  ['an open secret', { openSecrets: true }, 'secret_read'],
] as const)('the proof names %s', async (_, leaks, rule) => {
  const report = await prove([holdings(leaks)], { mode: 'live' });
  expect(findingsOf(report)).toContainEqual(expect.objectContaining({ rule, shown: 'probe:holdings' }));
  expect(new Set(findingsOf(report).map((one) => one.rule))).toEqual(new Set([rule]));
});

it('the proof is void when nobody can use what is theirs, and when there is nothing', async () => {
  expect((await prove([holdings({ nothingWorks: true })], { mode: 'live' })).verdict).toBe('void');
  expect((await prove([{ kind: 'holdings', name: 'x', a: {}, b: {} }], { mode: 'live' })).verdict).toBe('void');
});
