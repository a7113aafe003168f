import { randomBytes } from 'node:crypto';
import { finding } from '@bulkhead/domain/isolation';
import type { Collected } from '../collected.js';
import { proveDry } from './prove-dry.js';
import { judgePolicies } from './prove-policies.js';
import type { HoldingsTarget, KeyHolding, ObjectHolding, QueueHolding, SecretHolding, WrappedKeys } from './target.js';
import { nameOf, type Told } from './told.js';

/** Tries with A's credentials what is B's. What A must be able to do is tried too: refusing everything proves nothing. */
export async function proveHoldings(target: HoldingsTarget, collected: Collected): Promise<void> {
  const told: Told = {
    found: (rule, object, detail, shown = 'probe:holdings') =>
      collected.found([finding(rule, { target: target.name, object, detail, shown })]),
    blind: (reason) => collected.void(reason),
    looked: (name, looked) => collected.looked(name, looked),
  };
  const { a, b, parts: sessions, policies, untried = [], contextsJudged = true } = target;
  collected.void(...untried);
  if (!contextsJudged) told.found('condition_unjudged', 'data key', '', 'probe:dry');
  let tried = 0;
  const parts: (readonly [string, Promise<void>])[] = [];
  if (a.objects && b.objects && ++tried) parts.push(['objects', objects(a.objects, b.objects, told)]);
  if (a.keys && b.keys && ++tried) parts.push(['keys', keys(a.keys, b.keys, told, contextsJudged)]);
  if (a.queue && b.queue && ++tried) parts.push(['queues', queues(a.queue, b.queue, told)]);
  if (a.secrets && b.secrets && ++tried) parts.push(['secrets', secrets(a.secrets, b.secrets, told)]);
  collected.looked('kinds of holdings', tried);
  if (sessions) parts.push(['attempts', proveDry(sessions, told)]);
  if (policies) parts.push(['policies', judgePolicies(policies, told)]);
  // One part that breaks off takes nothing of the others with it.
  const ended = await Promise.allSettled(parts.map(([, part]) => part));
  ended.forEach((end, n) => {
    if (end.status === 'rejected') collected.void(`The proof of ${parts[n]?.[0]} broke off (${nameOf(end.reason)}).`);
  });
  if (tried === 0 && !sessions && !policies) collected.void('Neither tenant holds anything that could be tried.');
}

async function objects(a: ObjectHolding, b: ObjectHolding, { found, blind }: Told): Promise<void> {
  const name = `probe-${randomBytes(6).toString('hex')}`;
  const [mine, theirs] = [`${a.prefix}${name}`, `${b.prefix}${name}`];
  const over = `${a.prefix}../${theirs}`;
  const where = `${b.bucket}/${b.prefix}`;
  for (const holder of [a, b]) await removeLeftovers(holder);
  if (!(await a.put(a.bucket, mine, 'of a')) || (await a.get(a.bucket, mine)) !== 'of a')
    blind('A tenant cannot use its own objects.');
  if (!(await b.put(b.bucket, theirs, 'of b'))) blind('The other tenant has no object that could be reached.');
  if ((await a.get(b.bucket, theirs)) !== undefined) found('object_reached', where, 'An object of another was read.');
  for (const prefix of new Set([b.prefix, '', b.prefix.slice(0, -2)])) {
    const listed = await a.list(b.bucket, prefix);
    if (listed?.some((key) => key === theirs)) found('object_reached', where, 'An object of another was listed.');
  }
  // Up and over: a prefix is a text, and a key that begins with it may still name something else.
  for (const key of [theirs, over, `${b.prefix}${name}-planted`]) {
    if (!(await a.put(b.bucket, key, 'planted'))) continue;
    if ((await b.get(b.bucket, theirs)) === 'planted' || key.startsWith(b.prefix))
      found('object_reached', where, 'An object was written to another.');
  }
  if (await a.remove(b.bucket, theirs)) {
    if ((await b.get(b.bucket, theirs)) === undefined)
      found('object_reached', where, 'An object of another was removed.');
  }
  for (const key of [theirs, `${b.prefix}${name}-planted`]) await b.remove(b.bucket, key);
  await a.remove(a.bucket, mine);
  await a.remove(b.bucket, over);
}

/** What a proof that was killed has left under the holder's own prefix. */
async function removeLeftovers(holder: ObjectHolding): Promise<void> {
  const { bucket, prefix } = holder;
  const left = (await holder.list(bucket, prefix)) ?? [];
  for (const key of left) if (/(^|\/)probe-[0-9a-f]{12}(-planted)?$/.test(key)) await holder.remove(bucket, key);
}

async function keys(a: KeyHolding, b: KeyHolding, { found, blind }: Told, contextsJudged: boolean): Promise<void> {
  const sealed = await b.seal('of b', 'probe');
  if ((await b.open(sealed, 'probe')) !== 'of b') blind('A tenant cannot open what it has sealed.');
  if ((await a.open(sealed, 'probe')) !== undefined)
    found('key_used', 'data key', 'What another had sealed was opened.');
  if ((await b.open(sealed, 'probe.other')) !== undefined)
    found('key_used', 'data key', 'What was sealed for one purpose was opened for another.');
  const bent = Uint8Array.from(sealed);
  bent[bent.length - 1] = (bent[bent.length - 1] ?? 0) ^ 1;
  if ((await b.open(bent, 'probe')) !== undefined) found('key_used', 'data key', 'A changed text was opened.');
  if (a.wrapped && b.wrapped) await wrappedKeys(a.wrapped, b.wrapped, { found, blind }, contextsJudged);
}

/** The keys themselves: the session that opens one tenant's must not open another's, and no two may be the same. */
async function wrappedKeys(
  a: WrappedKeys,
  b: WrappedKeys,
  { found, blind }: Pick<Told, 'found' | 'blind'>,
  contextsJudged: boolean,
): Promise<void> {
  const open = async (of: WrappedKeys) => await Promise.all((await of.list()).map((key) => of.unwrap(key)));
  const [mine, theirs] = [await open(a), await open(b)];
  if ([mine, theirs].some((opened) => opened.length === 0 || opened.includes(undefined)))
    blind('A tenant cannot open its own data key.');
  for (const key of contextsJudged ? await b.list() : [])
    if ((await a.unwrap(key)) !== undefined) found('key_used', 'data key', 'The wrapped key of another was opened.');
  if (theirs.some((key) => key !== undefined && mine.includes(key)))
    found('key_used', 'data key', 'Two tenants have the same data key.');
}

async function queues(a: QueueHolding, b: QueueHolding, { found, blind }: Told): Promise<void> {
  const text = `probe-${randomBytes(6).toString('hex')}`;
  if (!(await b.send(b.address, text))) blind('A tenant cannot use its own queue.');
  if (a.address === b.address) return;
  const received = await a.receive(b.address);
  if (received !== undefined) found('queue_reached', b.address, 'The queue of another was read.');
  if (await a.send(b.address, text)) found('queue_reached', b.address, 'A message was sent into the queue of another.');
  await b.receive(b.address);
}

async function secrets(a: SecretHolding, b: SecretHolding, { found, blind }: Told): Promise<void> {
  if ((await a.read(a.own)) === undefined) blind('A tenant cannot read its own secret.');
  if ((await b.read(b.own)) === undefined) blind('The other tenant has no secret that could be read.');
  if (a.own !== b.own && (await a.read(b.own)) !== undefined) found('secret_read', b.own, 'It was read.');
}
