import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  type IAMClient,
} from '@aws-sdk/client-iam';
import { GetKeyPolicyCommand } from '@aws-sdk/client-kms';
import { GetBucketPolicyCommand } from '@aws-sdk/client-s3';
import { GetResourcePolicyCommand } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { LivePlace } from '@bulkhead/control';
import { physicalNames } from '@bulkhead/domain';
import type { GuardingPolicies } from '@bulkhead/isolation';
import type { PlaneClients } from '@bulkhead/planes';

/** As the worker itself, which looks at everything and may change nothing. */
export interface PolicyClients extends PlaneClients {
  readonly iam: IAMClient;
}

/**
 * The policies that guard a place: those of its bucket, queues, key and secrets, and of its role.
 * @param secretNames tenants' own secrets there.
 */
export function placePolicies(
  clients: PolicyClients,
  place: LivePlace,
  secretNames: readonly string[],
): GuardingPolicies[] {
  const { storage, queue, key } = place.resources;
  const account = accountOf(place);
  const guarded = (object: string, read: GuardingPolicies['read'], delegates = false): GuardingPolicies => ({
    object,
    read,
    judged: { of: 'resource', account, delegates },
  });
  const queues = queue ? [queue.queueUrl, queue.deadLetterQueueUrl] : [];
  return [
    ...(storage ? [guarded(storage.bucket, () => ofBucket(clients, storage.bucket))] : []),
    ...queues.map((url) => guarded(url, () => ofQueue(clients, url))),
    ...(key ? [guarded(key.keyArn, () => ofKey(clients, key.keyArn), true)] : []),
    ...[...logins(place), ...secretNames].map((name) => guarded(name, () => ofSecret(clients, name))),
    { object: place.role, read: () => ofRole(clients, place.role), judged: { of: 'role', resources: ownArns(place) } },
    {
      object: `${place.role}, its trust`,
      read: () => trustOf(clients, place.role),
      judged: { of: 'trust', account, externalId: place.id },
    },
  ];
}

/** Secrets that open the place's database: as its master, its services, its consumers and its migrator. */
export function logins({ resources: { database }, secretsOf }: LivePlace): string[] {
  if (!database || secretsOf === null) return [];
  const { consumerSecret, migratorSecret } = physicalNames(secretsOf);
  return [database.masterSecretArn, database.servingSecretArn, consumerSecret, migratorSecret];
}

const accountOf = ({ keyArn }: LivePlace): string => keyArn.split(':')[4] ?? '';

/** What TenantAccessRole (infra/components) may name for this place. */
function ownArns(place: LivePlace): string[] {
  const { storage, queue, database } = place.resources;
  const [region, account] = [place.keyArn.split(':')[3], accountOf(place)];
  const queues = queue ? [queue.queueUrl, queue.deadLetterQueueUrl] : [];
  const secrets = `arn:aws:secretsmanager:${region}:${account}:secret:bulkhead/${place.secretsOf}/tenant/*`;
  return [
    place.keyArn,
    ...(storage ? [`arn:aws:s3:::${storage.bucket}`, `arn:aws:s3:::${storage.bucket}/*`] : []),
    ...queues.map((url) => `arn:aws:sqs:${region}:${account}:${url.split('/').at(-1)}`),
    ...(database ? [database.servingSecretArn] : []),
    ...(place.secretsOf === null ? [] : [secrets]),
  ];
}

async function ofBucket({ s3 }: PolicyClients, Bucket: string): Promise<string[]> {
  try {
    return present((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy);
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchBucketPolicy') return [];
    throw error;
  }
}

async function ofQueue({ sqs }: PolicyClients, QueueUrl: string): Promise<string[]> {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }));
  return present(Attributes?.Policy);
}

async function ofKey({ kms }: PolicyClients, KeyId: string): Promise<string[]> {
  return present((await kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))).Policy);
}

async function ofSecret({ secrets }: PolicyClients, SecretId: string): Promise<string[]> {
  return present((await secrets.send(new GetResourcePolicyCommand({ SecretId }))).ResourcePolicy);
}

async function ofRole({ iam }: PolicyClients, RoleName: string): Promise<string[]> {
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const inline = PolicyNames.map(async (PolicyName) => {
    const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
    return decoded(PolicyDocument);
  });
  const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  const attached = AttachedPolicies.map(async ({ PolicyArn }) => {
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
    const version = new GetPolicyVersionCommand({ PolicyArn, VersionId: Policy?.DefaultVersionId });
    return decoded((await iam.send(version)).PolicyVersion?.Document);
  });
  return (await Promise.all([...inline, ...attached])).flat();
}

async function trustOf({ iam }: PolicyClients, RoleName: string): Promise<string[]> {
  return decoded((await iam.send(new GetRoleCommand({ RoleName }))).Role?.AssumeRolePolicyDocument);
}

const present = (policy: string | undefined): string[] => (policy ? [policy] : []);
/** IAM gives documents encoded as in a URL (RFC 3986). */
const decoded = (document: string | undefined): string[] => present(document && decodeURIComponent(document));
