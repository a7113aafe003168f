import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  EntityAlreadyExistsException,
  IAMClient,
  ListAccessKeysCommand,
  ListUserTagsCommand,
  NoSuchEntityException,
  PutUserPolicyCommand,
  TagUserCommand,
} from '@aws-sdk/client-iam';
import { AWS_USERS, policyDocument, type AwsUser } from './aws-policies.js';
import type { AwsCredentials } from './local-secrets.js';

interface Account {
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  readonly root: AwsCredentials;
}

// The user's tags are kept with the rest of IAM's state, which only an orderly stop writes.
const MARKED_USER: AwsUser = 'bulkhead-provisioner';
const RUN_TAG = 'bulkhead:local-run';

async function asRoot<T>(account: Account, work: (iam: IAMClient) => Promise<T>): Promise<T> {
  // A copy: the SDK writes marks of its own into what it is given, and this object is kept in secrets.json.
  const credentials = { ...account.root };
  const iam = new IAMClient({ endpoint: account.endpoint, region: account.region, credentials });
  try {
    return await work(iam);
  } finally {
    iam.destroy();
  }
}

async function ensureKey(iam: IAMClient, user: AwsUser, kept: AwsCredentials | undefined): Promise<AwsCredentials> {
  const { AccessKeyMetadata: issued = [] } = await iam.send(new ListAccessKeysCommand({ UserName: user }));
  if (kept && issued.some((key) => key.AccessKeyId === kept.accessKeyId)) return kept;
  // Keys whose secret nobody has any more: a start was killed between their creation and secrets.json.
  for (const key of issued)
    await iam.send(new DeleteAccessKeyCommand({ UserName: user, AccessKeyId: key.AccessKeyId }));
  const { AccessKey: made } = await iam.send(new CreateAccessKeyCommand({ UserName: user }));
  return { accessKeyId: made?.AccessKeyId as string, secretAccessKey: made?.SecretAccessKey as string };
}

async function ensureUser(
  iam: IAMClient,
  account: Account,
  user: AwsUser,
  kept?: AwsCredentials,
): Promise<AwsCredentials> {
  try {
    await iam.send(new CreateUserCommand({ UserName: user }));
  } catch (error) {
    if (!(error instanceof EntityAlreadyExistsException)) throw error;
  }
  const document = policyDocument(user, account.accountId, account.region);
  await iam.send(new PutUserPolicyCommand({ UserName: user, PolicyName: 'bulkhead', PolicyDocument: document }));
  return await ensureKey(iam, user, kept);
}

/** Makes the IAM users and their keys where they are missing, and writes their policies in any case. */
export async function ensureAwsUsers(
  account: Account,
  kept: Readonly<Record<string, AwsCredentials>>,
): Promise<Record<AwsUser, AwsCredentials>> {
  return await asRoot(account, async (iam) => {
    const pairs = await Promise.all(
      AWS_USERS.map(async (user) => [user, await ensureUser(iam, account, user, kept[user])] as const),
    );
    return Object.fromEntries(pairs) as Record<AwsUser, AwsCredentials>;
  });
}

/** Number of the run that last wrote its mark, or undefined when the emulator knows of none. */
export async function readRunMark(account: Account): Promise<number | undefined> {
  return await asRoot(account, async (iam) => {
    try {
      const { Tags = [] } = await iam.send(new ListUserTagsCommand({ UserName: MARKED_USER }));
      const mark = Tags.find((tag) => tag.Key === RUN_TAG)?.Value;
      return mark === undefined ? undefined : Number(mark);
    } catch (error) {
      if (error instanceof NoSuchEntityException) return undefined;
      throw error;
    }
  });
}

export async function writeRunMark(account: Account, run: number): Promise<void> {
  await asRoot(account, async (iam) => {
    await iam.send(new TagUserCommand({ UserName: MARKED_USER, Tags: [{ Key: RUN_TAG, Value: String(run) }] }));
  });
}
