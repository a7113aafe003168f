import { findingsOf } from '@bulkhead/domain/isolation';
import { prove } from '../prove.js';
import type { DryAttempt, DryOutcome } from './target.js';

const attempt = (object: string, outcome: DryOutcome | Error, kind: DryAttempt['kind'] = 'object'): DryAttempt => ({
  kind,
  object,
  verb: 'read',
  attempt: async () => {
    if (outcome instanceof Error) throw outcome;
    return outcome;
  },
});
const proveDry = (own: DryAttempt[], foreign: DryAttempt[], untried: string[] = []) =>
  prove([{ kind: 'holdings', name: 'cel_1', a: {}, b: {}, parts: [{ own, foreign }], untried }], { mode: 'live' });
const mine = attempt('mine', 'allowed');

it('refusals are green where the same attempt is let in at what is one’s own, and are counted', async () => {
  const report = await proveDry([mine], [attempt('theirs', 'refused'), attempt('theirs too', 'refused')]);
  expect(report).toMatchObject({ verdict: 'green', targets: [{ voids: [] }] });
  expect(report.targets[0]?.checks).toContainEqual({ name: 'objects of others', looked: 2 });
});

it.each([
  ['object', 'object_reached'],
  ['key', 'key_used'],
  ['queue', 'queue_reached'],
  ['secret', 'secret_read'],
] as const)('a foreign %s that would be opened is named', async (kind, rule) => {
  const report = await proveDry([attempt('mine', 'allowed', kind)], [attempt('theirs', 'allowed', kind)]);
  expect(findingsOf(report)).toEqual([expect.objectContaining({ rule, object: 'theirs', shown: 'probe:dry' })]);
});

it.each([
  [
    'one is refused at one’s own too',
    [attempt('mine', 'refused')],
    [attempt('theirs', 'refused')],
    [],
    'decide nothing',
  ],
  ['the answer tells nothing', [mine], [attempt('theirs', new TypeError('x'))], [], 'not decided (TypeError)'],
  ['nothing is known', [mine], [], [], 'Nothing of anybody else'],
  ['something is not tried', [mine], [attempt('theirs', 'refused')], ['No region.'], 'No region.'],
] as const)('the proof is void when %s', async (_, own, foreign, untried, reason) => {
  const report = await proveDry([...own], [...foreign], [...untried]);
  expect(report.verdict).toBe('void');
  expect(report.targets[0]?.voids.join('\n')).toContain(reason);
});

it('the proof is void when one session is let in at its own and another is not: neither vouches for the other', async () => {
  const sessions = (['refused', 'allowed'] as const).map((outcome) => ({
    own: [attempt('mine', outcome)],
    foreign: [attempt('theirs', 'refused')],
  }));
  const target = { kind: 'holdings', name: 'cel_1', a: {}, b: {}, parts: sessions } as const;
  const report = await prove([target], { mode: 'live' });
  expect(report.verdict).toBe('void');
  expect(report.targets[0]?.voids).toEqual([expect.stringContaining('decide nothing')]);
  expect(report.targets[0]?.checks).toContainEqual({ name: 'attempts', looked: 2 });
});
