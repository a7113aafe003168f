import { randomBytes } from 'node:crypto';
import { contextKeyLabel, contextKeyPads, sealFor, type ContextKey } from '@bulkhead/domain/context';
import { Redacted } from '@bulkhead/kernel';
import { asOwner, type PlaneClients } from './clients.js';
import type { Home } from './plane.js';

/** What the token service is told of context keys. */
export interface ContextKeyRegister {
  /** Public key that keys are sealed for, as the token service prints it. */
  readonly recipient: string;
  /** Ids of the keys that it has been given for a home, the one that signs first. */
  known(home: string): Promise<readonly string[]>;
  /** Gives it a key, sealed (base64). From then on it signs the home's contexts. */
  record(key: { readonly home: string; readonly id: string; readonly sealed: string }): Promise<void>;
}

/**
 * One at a time makes a key for a database. A table that nobody else uses is locked, and no advisory lock, which services
 * of the database could take and keep.
 */
const ONE_AT_A_TIME = 'lock table bulkhead.protected_sample in share row exclusive mode';

/**
 * Makes sure that the key which signs the home's contexts is one that the database knows. The key is made here, goes
 * into the database and, sealed, to the token service; after that nobody here can read it any more. The database comes
 * first, so that nothing is ever signed that it refuses; a key that a crash kept from the token service is dropped with
 * the next one, before it could push out one that signs.
 */
export async function ensureContextKey(clients: PlaneClients, home: Home, register: ContextKeyRegister): Promise<void> {
  await makeKeyUnless(clients, home, register, (signing, held) => signing !== undefined && held.includes(signing));
}

/**
 * Lets a new key sign instead of `current`, whose contexts stay good until the next renewal. Does nothing when another
 * one signs already.
 */
export async function renewContextKey(
  clients: PlaneClients,
  home: Home,
  register: ContextKeyRegister,
  current: string,
): Promise<void> {
  await makeKeyUnless(clients, home, register, (signing) => signing !== current);
}

async function makeKeyUnless(
  clients: PlaneClients,
  home: Home,
  register: ContextKeyRegister,
  isDone: (signing: string | undefined, held: readonly string[]) => boolean,
): Promise<void> {
  await asOwner(clients, home, async (client) => {
    await client.query(ONE_AT_A_TIME);
    const known = await register.known(home.id);
    const { rows } = await client.query<{ id: string }>('select id from bulkhead.context_key');
    const held = rows.map(({ id }) => id);
    const [signing] = known;
    if (isDone(signing, held)) return;
    const key = makeKey();
    const orphans = held.filter((id) => !known.includes(id));
    await putIntoDatabase(clients, home, key, orphans);
    const sealed = sealFor(register.recipient, key.secret, contextKeyLabel(home.id, key.id));
    await register.record({ home: home.id, id: key.id, sealed: sealed.toString('base64') });
  });
}

function makeKey(): ContextKey {
  return { id: randomBytes(8).toString('hex'), secret: new Redacted<Uint8Array>(randomBytes(32)) };
}

/** In a transaction of its own, because the key must be there for good before it is recorded. */
async function putIntoDatabase(
  clients: PlaneClients,
  home: Home,
  key: ContextKey,
  orphans: readonly string[],
): Promise<void> {
  const { inner, outer } = contextKeyPads(key);
  await asOwner(clients, home, async (client) => {
    for (const id of orphans) await client.query('select bulkhead.drop_context_key($1)', [id]);
    await client.query('select bulkhead.set_context_key($1, $2, $3)', [key.id, inner, outer]);
  });
}
