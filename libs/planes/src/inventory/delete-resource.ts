import {
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
  type IAMClient,
} from '@aws-sdk/client-iam';
import { ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { DeleteDBInstanceCommand } from '@aws-sdk/client-rds';
import { DeleteBucketCommand } from '@aws-sdk/client-s3';
import { DeleteSecretCommand } from '@aws-sdk/client-secrets-manager';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { BulkheadError } from '@bulkhead/kernel';
import type { InventoryClients, InventoryType } from './cloud-listing.js';

/** As long as AWS keeps what could still be missed. */
const RECOVERY_DAYS = 30;

/** What AWS calls a resource that is not there. */
const ABSENT = new Set([
  'NoSuchBucket',
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
  'NotFoundException',
  'ResourceNotFoundException',
  'DBInstanceNotFound',
  'DBInstanceNotFoundFault',
  'NoSuchEntity',
  'NoSuchEntityException',
]);

/** Refusals of AWS that protect somebody's data: not ours to get around. */
const PROTECTED = new Set(['BucketNotEmpty', 'InvalidParameterCombination', 'InvalidParameterCombinationException']);

const DELETIONS: Readonly<Record<InventoryType, (clients: InventoryClients, id: string) => Promise<unknown>>> = {
  'aws:s3/bucket:Bucket': ({ s3 }, id) => s3.send(new DeleteBucketCommand({ Bucket: id })),
  'aws:sqs/queue:Queue': ({ sqs }, id) => sqs.send(new DeleteQueueCommand({ QueueUrl: id })),
  'aws:kms/key:Key': ({ kms }, id) =>
    kms.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: RECOVERY_DAYS })),
  'aws:secretsmanager/secret:Secret': ({ secrets }, id) =>
    secrets.send(new DeleteSecretCommand({ SecretId: id, RecoveryWindowInDays: RECOVERY_DAYS })),
  'aws:rds/instance:Instance': ({ rds }, id) =>
    rds.send(
      new DeleteDBInstanceCommand({
        DBInstanceIdentifier: id,
        SkipFinalSnapshot: false,
        FinalDBSnapshotIdentifier: `${id}-final`,
      }),
    ),
  'aws:iam/role:Role': ({ iam }, id) => deleteRole(iam, id),
};

/**
 * Deletes one resource by its physical id, in the way of each service that can be taken back the longest: keys and
 * secrets wait for 30 days, a database leaves a final snapshot. A bucket must be empty, and a database without deletion
 * protection. It is no error when the resource is gone already.
 * @throws BulkheadError `resource_protected` (409) when the service refuses to lose what is in it.
 */
export async function deleteResource(clients: InventoryClients, type: InventoryType, id: string): Promise<void> {
  try {
    await DELETIONS[type](clients, id);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (ABSENT.has(error.name)) return;
    if (PROTECTED.has(error.name)) throw resourceProtected(type, id, error);
    throw error;
  }
}

async function deleteRole(client: IAMClient, RoleName: string): Promise<void> {
  for await (const { AttachedPolicies } of paginateListAttachedRolePolicies({ client }, { RoleName })) {
    for (const { PolicyArn } of AttachedPolicies ?? [])
      await client.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
  }
  for await (const { PolicyNames } of paginateListRolePolicies({ client }, { RoleName })) {
    for (const PolicyName of PolicyNames ?? [])
      await client.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
  }
  await client.send(new DeleteRoleCommand({ RoleName }));
}

function resourceProtected(type: InventoryType, id: string, cause: Error): BulkheadError {
  return new BulkheadError({
    code: 'resource_protected',
    status: 409,
    publicMessage: `AWS does not delete ${id} (${type}): it is not empty, or it is protected from deletion.`,
    remediation: 'Have somebody look at what is in it, empty it or lift its protection by hand, and apply again.',
    cause,
  });
}
