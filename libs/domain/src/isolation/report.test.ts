import { generateKeyPairSync } from 'node:crypto';
import { createNoteSigner } from '../audit/signed-note.js';
import { finding, joinProofs, toSarif, signProof, verifyProof, type TargetProof } from './index.js';

const times = { startedAt: new Date(0), finishedAt: new Date(1000) };
const sound: TargetProof = { target: 'cel_1', kind: 'database', checks: [], findings: [], voids: [] };
const leak = finding('rls_missing', { target: 'cel_2', object: 'app.visit', detail: 'off', shown: 'static' });
const note = finding('not_filled', { target: 'cel_2', object: 'app.odd', detail: '', shown: 'probe:fill' });
const blind = { ...sound, voids: ['nothing was seen'] };

describe('the verdict', () => {
  it.each([
    ['green when every target is sound', [sound], 'green'],
    ['green with notes only', [{ ...sound, findings: [note] }], 'green'],
    [
      'findings as soon as one target leaks, although another was not seen',
      [blind, { ...sound, findings: [leak] }],
      'findings',
    ],
    ['void when one target was not seen', [sound, blind], 'void'],
    ['void without targets', [], 'void'],
  ] as const)('is %s', (_, targets, verdict) => {
    expect(joinProofs('live', times, targets).verdict).toBe(verdict);
  });
});

it('renders findings, notes and blindness as SARIF', () => {
  const report = joinProofs('live', times, [{ ...blind, findings: [leak, note] }]);
  expect(toSarif(report)).toMatchObject({
    runs: [
      {
        results: [
          {
            ruleId: 'rls_missing',
            level: 'error',
            partialFingerprints: { 'bulkhead/v1': 'rls_missing/cel_2/app.visit' },
          },
          { ruleId: 'not_filled', level: 'note' },
        ],
        invocations: [{ toolExecutionNotifications: [{ message: { text: 'cel_1: nothing was seen' } }] }],
      },
    ],
  });
});

it('a signed report cannot be changed, nor passed off as another proof’s', () => {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signer = createNoteSigner(pem, 'log.example/audit');
  const report = joinProofs('live', times, [{ ...sound, findings: [leak] }]);
  const signed = signProof(signer, 'prf_1', report);
  expect(() => verifyProof(signed, [signer.publicKey], 'prf_1', report)).not.toThrow();
  const whitewashed = joinProofs('live', times, [sound]);
  for (const [id, other] of [
    ['prf_1', whitewashed],
    ['prf_2', report],
  ] as const)
    expect(() => verifyProof(signed, [signer.publicKey], id, other)).toThrow('another report');
});
