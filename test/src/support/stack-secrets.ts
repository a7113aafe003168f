import { readFileSync } from 'node:fs';
import { GetSecretValueCommand, paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { planeUrl } from './plane-inventory.js';
import { queryAt, type TestStack } from './test-stack.js';

/** Shorter texts are names and numbers, which stand everywhere. */
const LEAST_LENGTH = 16;

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}

/** Passwords in Secrets Manager: of masters and of serving logins. */
async function managedPasswords({ engines: { aws } }: TestStack): Promise<string[]> {
  const client = new SecretsManagerClient({ endpoint: aws.endpoint, region: aws.region, credentials: aws.root });
  const passwords: string[] = [];
  for await (const { SecretList = [] } of paginateListSecrets({ client }, {})) {
    for (const { ARN } of SecretList) {
      const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId: ARN }));
      passwords.push((JSON.parse(SecretString) as { password: string }).password);
    }
  }
  return passwords;
}

/** HMAC keys by which databases believe a context, as they lie there. */
async function contextKeys(stack: TestStack): Promise<string[]> {
  const homes = stack.engines.rdsHost.instances().map(({ record: { identifier } }) => identifier);
  const found = homes.map(async (instance) => {
    const url = planeUrl(stack, instance, instance.replace('-', '_'));
    return await queryAt<{ pad: string }>(
      url,
      `select encode(inner_pad, 'hex') as pad from bulkhead.context_key
       union all select encode(outer_pad, 'hex') from bulkhead.context_key`,
    );
  });
  return (await Promise.all(found)).flatMap((rows) => rows.map(({ pad }) => pad));
}

/** What a file with one secret holds: a line of a PEM, or the text itself. */
function secretIn(file: string): string {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return (lines[0]?.startsWith('-----BEGIN') === true ? lines[1] : lines[0]) ?? '';
}

/**
 * Every secret that the stack has made: logins of the servers, AWS secret keys (the ids of the keys are no secrets),
 * client secrets of the identity provider, the files with one secret each, what lies in Secrets Manager, and the keys of
 * contexts.
 */
export async function stackSecrets(stack: TestStack): Promise<string[]> {
  const { folder, secretFiles } = stack.engines;
  const kept = JSON.parse(readFileSync(folder.path('secrets.json'), 'utf8'), (name, value: unknown) =>
    name === 'accessKeyId' ? undefined : value,
  ) as unknown;
  const { d } = JSON.parse(readFileSync(folder.path('identity-signing-key.json'), 'utf8')) as { d: string };
  const files = Object.values(secretFiles).map(secretIn);
  const stored = [...(await managedPasswords(stack)), ...(await contextKeys(stack))];
  const secrets = [...leaves(kept), d, ...files, ...stored];
  const short = secrets.filter((secret) => secret.length < LEAST_LENGTH);
  if (short.length > 0) throw new Error(`${short.length} secrets are too short to be searched for`);
  return secrets;
}
