import { BulkheadError } from '@bulkhead/kernel';
import { failureOf, isAbsent } from './failure.js';

const awsError = (name: string, message: string, httpStatusCode = 400) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });

test('an AWS error keeps its code and gets a remedy', () => {
  const { code, message, remedy } = failureOf(
    awsError('AccessDeniedException', 'not authorized to perform kms:CreateKey'),
  );
  expect({ code, message }).toEqual({
    code: 'AccessDeniedException',
    message: 'not authorized to perform kms:CreateKey',
  });
  expect(remedy).toMatch(/missing right/);
});

test.each([
  ['an access key', 'The key AKIA0123456789ABCDEF is unknown', 'AKIA0123456789ABCDEF'],
  ['a password field', 'bad value {"username":"a","password":"canary"}', 'canary'],
  ['a connection string', 'cannot reach postgres://user:canary@host/db', 'canary'],
  ['a SCRAM verifier', "ALTER ROLE x PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$canary:canary'", 'canary'],
])('%s never passes', (_what, text, secret) => {
  expect(failureOf(new Error(text)).message).not.toContain(secret);
});

test('a refusal of our own keeps its words', () => {
  const error = new BulkheadError({ code: 'c', status: 409, publicMessage: 'What.', remediation: 'How.' });
  expect(failureOf(error)).toEqual({ code: 'c', message: 'What.', remedy: 'How.' });
});

test('something thrown that is no error says nothing of itself', () => {
  expect(JSON.stringify(failureOf('canary'))).not.toContain('canary');
});

test('only "there is no such thing" counts as absent', () => {
  expect(isAbsent(awsError('NoSuchBucket', '', 404))).toBe(true);
  expect(isAbsent(awsError('NotFoundException', ''))).toBe(true);
  expect(isAbsent(awsError('AccessDenied', '', 403))).toBe(false);
  expect(isAbsent(new Error('NotFound'))).toBe(false);
});
