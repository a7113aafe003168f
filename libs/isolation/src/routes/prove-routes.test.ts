import { findingsOf } from '@bulkhead/domain/isolation';
import { prove, type LateTarget } from '../prove.js';
import { BELIEVERS, practiceTarget, type PracticeLeaks } from '../testing/practice-service.js';

const leaks: readonly (readonly [string, PracticeLeaks, string, string])[] = [
  ['a route without a check', { stranger: 'shown' }, 'route_open', 'GET /v1/patients/{id}'],
  ['a route that deletes without a check', { stranger: 'shown' }, 'route_open', 'DELETE /v1/patients/{id}'],
  ['a route below another one', { stranger: 'shown' }, 'route_open', 'GET /v1/patients/{id}/visits'],
  ['403 in place of 404', { stranger: 'told apart' }, 'route_tells', 'GET /v1/patients/{id}'],
  ['a 404 with another header', { stranger: 'told apart by a header' }, 'route_tells', 'GET /v1/patients/{id}'],
  ['a list of everybody’s', { listsAll: true }, 'route_open', 'GET /v1/patients'],
  ['a body that refers to another’s', { refersToAnything: true }, 'route_open', 'POST /v1/visits'],
  ...Object.entries(BELIEVERS).map(
    ([what, believes]) =>
      [`a service that believes ${what}`, { believes }, 'token_accepted', 'GET /v1/patients'] as const,
  ),
];

it('a service that tells nothing is green', async () => {
  const report = await prove([practiceTarget()], { mode: 'copy' });
  expect(findingsOf(report)).toEqual([]);
  expect(report).toMatchObject({ verdict: 'green', targets: [{ voids: [] }] });
  expect(report.targets[0]?.checks).toContainEqual({ name: 'routes', looked: 6 });
});

it.each(leaks)('the proof names %s', async (_, leak, rule, object) => {
  const report = await prove([practiceTarget(leak)], { mode: 'copy' });
  expect(findingsOf(report)).toContainEqual(expect.objectContaining({ rule, object, shown: 'probe:routes' }));
});

it.each([
  ['the document is empty', { document: { paths: {} } }, 'The document has 0 routes.'],
  ['no id of the other tenant is known', { things: {} }, 'nothing of another tenant is known'],
  [
    'the other tenant’s id names nothing',
    { things: { '/v1/patients/{id}': 'pat_cccccccccccccccc' } },
    'its owner gets 404',
  ],
  ['no wrong token is there', { refused: {} }, 'No wrong token was tried.'],
] as const)('the proof is void when %s', async (_, change, reason) => {
  const report = await prove([{ ...practiceTarget(), ...change }], { mode: 'copy' });
  expect(report.verdict).toBe('void');
  expect(report.targets[0]?.voids.join('\n')).toContain(reason);
});

it('on a live service only routes that change nothing are tried, and the others must ask for a token', async () => {
  const target = practiceTarget({ stranger: 'shown' });
  const sent: string[] = [];
  const document = { ...target.document, paths: { ...target.document.paths, '/v1/visits/all': { delete: {} } } };
  const send: typeof target.send = (request) => {
    sent.push(request.method);
    return target.send(request);
  };
  const report = await prove([{ ...target, document, send }], { mode: 'live' });
  expect(new Set(sent)).toEqual(new Set(['GET']));
  expect(findingsOf(report).map(({ rule, object }) => `${rule} ${object}`)).toEqual([
    'route_unguarded DELETE /v1/visits/all',
    'route_open GET /v1/patients/{id}',
    'route_open GET /v1/patients/{id}/visits',
  ]);
  expect(report.targets[0]?.checks).toContainEqual({
    name: 'changing routes judged by the document',
    looked: 3,
  });
});

it.each([429, 403, 500])('the proof is void when a list answers %d', async (status) => {
  const target = practiceTarget();
  const send: typeof target.send = async (request) => {
    const answer = await target.send(request);
    return request.path === '/v1/patients' && answer.status === 200 ? { ...answer, status, body: '' } : answer;
  };
  const report = await prove([{ ...target, send }], { mode: 'live' });
  expect(report.verdict).toBe('void');
  expect(report.targets[0]?.voids).toEqual([
    expect.stringContaining(`answers ${status} shows nothing`),
    expect.stringContaining('its owner is not shown'),
  ]);
});

it('a target is made ready when its turn comes, and is void when its tokens have run out meanwhile', async () => {
  const turns: string[] = [];
  const late = (name: string): LateTarget => ({
    ...{ kind: 'routes', name },
    ready: async () => {
      turns.push(name);
      const stillGood = async () => turns.push(`${name}, asked`) === 0;
      return { ...practiceTarget(), name, stillGood };
    },
  });
  const report = await prove([late('one'), late('two')], { mode: 'live' });
  expect(turns).toEqual(['one', 'one, asked', 'two', 'two, asked']);
  expect(report.verdict).toBe('void');
  expect(report.targets[1]?.voids).toEqual([expect.stringContaining('not good any more')]);
});

it('a target that cannot be made ready is void by name, and the others are proven', async () => {
  const lost: LateTarget = {
    ...{ kind: 'database', name: 'cel_1' },
    ready: async () => {
      throw Object.assign(new Error('Secret hunter2 is gone'), { name: 'ResourceNotFoundException' });
    },
  };
  const report = await prove([lost, practiceTarget()], { mode: 'copy' });
  expect(report.verdict).toBe('void');
  expect(report.targets).toMatchObject([
    { target: 'cel_1', kind: 'database', voids: ['The proof broke off (ResourceNotFoundException).'] },
    { target: practiceTarget().name, kind: 'routes', voids: [] },
  ]);
});

it('a proof that is called off ends before its next target', async () => {
  const called = new AbortController();
  const turns: string[] = [];
  const late = (name: string): LateTarget => ({
    ...{ kind: 'routes', name },
    ready: async () => {
      turns.push(name);
      called.abort(new Error('called off'));
      return practiceTarget();
    },
  });
  const ended = prove([late('one'), late('two')], { mode: 'copy', signal: called.signal });
  await expect(ended).rejects.toThrow('called off');
  expect(turns).toEqual(['one']);
});
