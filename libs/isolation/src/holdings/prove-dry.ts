import type { IsolationRule } from '@bulkhead/domain/isolation';
import type { DryAttempt, DryPart } from './target.js';
import { nameOf, type Told } from './told.js';

const RULE_OF: Readonly<Record<DryAttempt['kind'], IsolationRule>> = {
  object: 'object_reached',
  key: 'key_used',
  queue: 'queue_reached',
  secret: 'secret_read',
};
const AT_ONCE = 8;

/** Aims sessions of A at what is somebody else's. */
export async function proveDry(parts: readonly DryPart[], told: Told): Promise<void> {
  for (const part of parts) await proveSession(part, told);
  const foreign = parts.flatMap((part) => part.foreign);
  for (const kind of ['object', 'key', 'queue', 'secret'] as const) {
    const things = new Set(foreign.filter((one) => one.kind === kind).map(({ object }) => object));
    told.looked(`${kind}s of others`, things.size);
  }
  told.looked('attempts', foreign.length);
  if (foreign.length === 0) told.blind('Nothing of anybody else is known that could be tried.');
}

/**
 * With the credentials of one session: each kind of attempt must be let in at A's own. What is refused there, too, is
 * refused for a reason that has nothing to do with tenants.
 */
async function proveSession({ own, foreign }: DryPart, told: Told): Promise<void> {
  const works = new Set<string>();
  await each(own, told, (attempt, outcome) => outcome === 'allowed' && works.add(kindOf(attempt)));
  for (const kind of new Set(foreign.map(kindOf)))
    if (!works.has(kind)) told.blind(`${kind}: nobody is let in at what is its own, so refusals decide nothing.`);
  await each(foreign, told, ({ kind, object, verb }, outcome) => {
    if (outcome === 'allowed') told.found(RULE_OF[kind], object, `It would be let in: ${verb}.`, 'probe:dry');
  });
}

const kindOf = ({ kind, verb }: DryAttempt): string => `${kind}, ${verb}`;

async function each(
  attempts: readonly DryAttempt[],
  told: Told,
  see: (attempt: DryAttempt, outcome: 'refused' | 'allowed') => unknown,
): Promise<void> {
  for (let first = 0; first < attempts.length; first += AT_ONCE) {
    const some = attempts.slice(first, first + AT_ONCE);
    const outcomes = await Promise.allSettled(some.map((one) => one.attempt()));
    some.forEach((attempt, n) => {
      const outcome = outcomes[n];
      if (outcome?.status === 'fulfilled') see(attempt, outcome.value);
      else told.blind(`${attempt.object}: ${attempt.verb} was not decided (${nameOf(outcome?.reason)}).`);
    });
  }
}
