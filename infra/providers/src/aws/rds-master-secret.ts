import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { createHash, randomBytes } from 'node:crypto';
import { Redacted } from '@bulkhead/kernel';
import { absentAsUndefined } from '../protocol/failure.js';
import { OWNERSHIP_TAG } from '../protocol/lifecycle.js';
import type { AwsClients } from './clients.js';
import { tagList, type Tags } from './tags.js';

/** The secret in which RDS keeps a master password that it manages. The emulator makes none for an instance. */
export interface MasterSecret {
  readonly arn: string;
  readonly kmsKeyId: string | undefined;
}

/** `rds!db-…` as RDS names it, but found by the instance's identifier. */
function secretName(identifier: string): string {
  const hex = createHash('sha256').update(identifier).digest('hex');
  return `rds!db-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** The secret of an instance, unless there is none. */
export async function findMasterSecret({ secrets }: AwsClients, identifier: string): Promise<MasterSecret | undefined> {
  const found = await absentAsUndefined(secrets.send(new DescribeSecretCommand({ SecretId: secretName(identifier) })));
  if (found?.ARN === undefined || found.DeletedDate !== undefined) return undefined;
  return { arn: found.ARN, kmsKeyId: found.KmsKeyId };
}

interface ManagedInstance {
  readonly identifier: string;
  readonly username: string;
  readonly masterUserSecretKmsKeyId?: string;
  readonly tags?: Tags;
}

/** The secret with the password in it; makes both when there is none yet. */
export async function ensureMasterSecret(
  cloud: AwsClients,
  instance: ManagedInstance,
  instanceArn: string,
): Promise<MasterSecret & { password: Redacted }> {
  const found = await findMasterSecret(cloud, instance.identifier);
  if (found === undefined) await makeMasterSecret(cloud, instance, instanceArn);
  const SecretId = secretName(instance.identifier);
  // Read back even when just made: a repeated call may have met the password of the first one.
  const { ARN = '', SecretString = '{}' } = await cloud.secrets.send(new GetSecretValueCommand({ SecretId }));
  const { password = '' } = JSON.parse(SecretString) as { password?: string };
  return { arn: ARN, kmsKeyId: found?.kmsKeyId ?? instance.masterUserSecretKmsKeyId, password: new Redacted(password) };
}

async function makeMasterSecret(
  { secrets }: AwsClients,
  instance: ManagedInstance,
  instanceArn: string,
): Promise<void> {
  const { identifier, username, masterUserSecretKmsKeyId, tags } = instance;
  const password = randomBytes(24).toString('base64url');
  const owner = tags?.[OWNERSHIP_TAG];
  const making = secrets.send(
    new CreateSecretCommand({
      Name: secretName(identifier),
      Description: `Master login of ${instanceArn}`,
      KmsKeyId: masterUserSecretKmsKeyId,
      SecretString: JSON.stringify({ username, password }),
      Tags: tagList(owner === undefined ? {} : { [OWNERSHIP_TAG]: owner }),
    }),
  );
  await making.catch((error: Error) => {
    if (error.name !== 'ResourceExistsException') throw error;
  });
}

/** Puts the secret under another key. */
export async function rekeyMasterSecret(
  { secrets }: AwsClients,
  identifier: string,
  key: string | undefined,
): Promise<void> {
  await secrets.send(
    new UpdateSecretCommand({ SecretId: secretName(identifier), KmsKeyId: key ?? 'alias/aws/secretsmanager' }),
  );
}

/** Removes the secret at once, as RDS does with its instance. Not an error when there is none. */
export async function removeMasterSecret({ secrets }: AwsClients, identifier: string): Promise<void> {
  await absentAsUndefined(
    secrets.send(new DeleteSecretCommand({ SecretId: secretName(identifier), ForceDeleteWithoutRecovery: true })),
  );
}
