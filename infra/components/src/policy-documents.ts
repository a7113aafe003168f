const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** IAM policy document (version 2012-10-17) as JSON text. */
export function policyDocument(statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

/**
 * Resource policy that refuses every request over plain HTTP (`aws:SecureTransport`), whoever sends it. Loopback is
 * left out: no request reaches AWS from there, but it is how a local emulator is reached. A request whose address AWS
 * does not tell (over a VPC endpoint) counts as not loopback.
 */
export function denyPlainHttp(action: 's3:*' | 'sqs:*', resources: readonly string[]): string {
  return policyDocument([
    {
      Sid: 'DenyPlainHttp',
      Effect: 'Deny',
      Principal: '*',
      Action: action,
      Resource: resources,
      Condition: {
        Bool: { 'aws:SecureTransport': 'false' },
        NotIpAddress: { 'aws:SourceIp': LOOPBACK },
      },
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
