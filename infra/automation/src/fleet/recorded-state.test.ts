import { randomBytes } from 'node:crypto';
import { recordedState, SECRET_PLACEHOLDER } from './recorded-state.js';

const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const canary = (): string => `canary-${randomBytes(12).toString('hex')}`;
const planted: string[] = [];
const plant = (shape: (canary: string) => string = (text) => text): string => {
  const text = canary();
  planted.push(text);
  return shape(text);
};
const encrypted = () => ({ [SIGNATURE]: SECRET, ciphertext: plant((text) => `v1:nonce:${text}`) });
const readable = (value: unknown) => ({ [SIGNATURE]: SECRET, plaintext: JSON.stringify(value) });

const state = recordedState({
  resources: [
    {
      urn: 'urn:pulumi:s::bulkhead::aws:sqs/queue:Queue::q',
      type: 'aws:sqs/queue:Queue',
      id: 'https://sqs/q',
      inputs: {
        name: 'q',
        password: plant(),
        tags: encrypted(),
        rules: [{ nested: { deep: encrypted() } }, readable(plant())],
        endpoint: plant((text) => `postgres://user:${text}@host/db`),
        key: plant((text) => `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----`),
        policy: '{"Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:us-east-1:1:secret:x"}',
      },
      outputs: {
        masterUserSecrets: [{ secretArn: 'arn:aws:secretsmanager:us-east-1:1:secret:rds-x' }],
        token: plant((text) => `eyJhbGciOiJFUzI1NiJ9.${text}.signature`),
        secretKey: plant(),
        connection: encrypted(),
      },
    },
    { urn: 'urn:root', type: 'pulumi:pulumi:Stack', outputs: { admin: encrypted() } },
  ],
  pending_operations: [{ resource: { inputs: { password: plant() } }, type: 'creating' }],
  ...{ secrets_providers: { type: 'passphrase', state: { salt: plant((text) => `v1:${text}`) } } },
});

it('holds no secret, however it was written down: marked, nested, by name, by shape, or of the secrets provider', () => {
  const text = JSON.stringify(state);
  expect(planted.length).toBeGreaterThan(10);
  for (const secret of planted) expect([secret, text.includes(secret)]).toEqual([secret, false]);
  expect(text).not.toMatch(/ciphertext|secrets_providers|"salt"/);
});

it('keeps everything else as it is, and puts a placeholder that is still a secret where one was', () => {
  const [queue] = state.resources;
  expect(queue?.id).toBe('https://sqs/q');
  expect(queue?.inputs?.['policy']).toContain('GetSecretValue');
  expect(queue?.outputs?.['masterUserSecrets']).toEqual([
    { secretArn: 'arn:aws:secretsmanager:us-east-1:1:secret:rds-x' },
  ]);
  expect(queue?.inputs?.['tags']).toEqual({ [SIGNATURE]: SECRET, plaintext: JSON.stringify(SECRET_PLACEHOLDER) });
  expect(state.pending).toBe(1);
});
