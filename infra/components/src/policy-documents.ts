/** IAM policy document (version 2012-10-17) as JSON text. */
export function policyDocument(statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

/** Resource policy that refuses every request over plain HTTP (`aws:SecureTransport`), whoever sends it. */
export function denyPlainHttp(action: 's3:*' | 'sqs:*', resources: readonly string[]): string {
  return policyDocument([
    {
      Sid: 'DenyPlainHttp',
      Effect: 'Deny',
      Principal: '*',
      Action: action,
      Resource: resources,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  ]);
}

/**
 * Account of an ARN (`arn:partition:service:region:account:…`). Taken from a resource of the stack, so that no
 * program needs a look-up of the caller's identity.
 */
export function accountOf(arn: string): string {
  const account = arn.split(':')[4];
  if (!account) throw new Error(`No account in ARN ${arn}`);
  return account;
}
