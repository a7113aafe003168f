import fc from 'fast-check';
import { redact } from './redact.js';

test.each([
  ['a URL', 'dial postgres://run:s3cr3tpw@10.0.0.1:5432/state failed', 's3cr3tpw'],
  ['an access key', 'user AKIAIOSFODNN7EXAMPLE is not allowed', 'AKIAIOSFODNN7EXAMPLE'],
  ['a temporary access key', 'ASIAIOSFODNN7EXAMPLE expired', 'ASIAIOSFODNN7EXAMPLE'],
  ['a private key', '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY----- broken', 'MHcCAQEE'],
  ['a private key that was cut off', '-----BEGIN PRIVATE KEY-----\nMHcCAQEE', 'MHcCAQEE'],
  ['a web token', 'Authorization header eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln', 'eyJzdWIiOiIxIn0'],
  ['a bearer header', 'authorization: Bearer abc.def-123', 'abc.def-123'],
  ['a named password', 'connect with password=hunter2 failed', 'hunter2'],
  ['a named JSON secret', '{"clientSecret": "hunter2"}', 'hunter2'],
  ['an environment variable', 'AWS_SECRET_ACCESS_KEY=hunter2', 'hunter2'],
])('masks %s', (_, text, secret) => {
  const clean = redact(text);
  expect(clean).not.toContain(secret);
  expect(clean).toContain('[redacted]');
});

test('masks every known secret wherever it stands', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6, maxLength: 40 }), fc.string(), fc.string(), (secret, before, after) => {
      fc.pre(!'[redacted]'.includes(secret) && secret.trim() === secret && !/\s/.test(secret));
      expect(redact(`${before} ${secret} ${after}`, [secret])).not.toContain(secret);
    }),
  );
});

test('keeps what an operator needs to read, in one bounded line without colours', () => {
  expect(redact('\u001B[31merror:\u001B[0m creating S3 bucket bh-1:\n  BucketAlreadyExists')).toBe(
    'error: creating S3 bucket bh-1: BucketAlreadyExists',
  );
  expect(redact('x'.repeat(100_000)).length).toBeLessThan(700);
});
