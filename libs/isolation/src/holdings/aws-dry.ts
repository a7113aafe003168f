import { randomBytes, randomUUID } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DryAttempt, DryOutcome } from './target.js';

const REFUSED = /AccessDenied|Forbidden|NotAuthorized/;

/** AWS looks at the rights first: any other complaint about what was asked for says that asking was allowed. */
async function dry(asking: Promise<unknown>, complaint: RegExp): Promise<DryOutcome> {
  try {
    await asking;
    return 'allowed';
  } catch (error) {
    const { name = '' } = error as { name?: string };
    if (REFUSED.test(name)) return 'refused';
    if (complaint.test(name)) return 'allowed';
    throw error;
  }
}

/**
 * Lists no key, and asks for objects in ways that give none.
 * @param prefix empty for a bucket as a whole.
 * @param known key of an object that is there. To whoever may not list, S3 answers 403 for one that is not, even if it
 * could be read; so without such a key a refusal to read is weaker.
 */
export function dryObjects(s3: S3Client, bucket: string, prefix: string, known?: string): DryAttempt[] {
  const common = { kind: 'object', object: `${bucket}/${prefix}` } as const;
  const get = (Key: string, IfMatch?: string) => s3.send(new GetObjectCommand({ Bucket: bucket, Key, IfMatch }));
  const madeUp = `${prefix}probe-${randomBytes(6).toString('hex')}`;
  const list = () => s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 0 }));
  return [
    { ...common, verb: 'list', attempt: () => dry(list(), /^$/) },
    { ...common, verb: 'read what is not there', attempt: () => dry(get(madeUp), /NoSuchKey|NotFound/) },
    ...(known === undefined
      ? []
      : [{ ...common, verb: 'read', attempt: () => dry(get(known, '"0"'), /PreconditionFailed|^412$/) }]),
  ];
}

/** Asks KMS to open a text that nobody made, and for a data key that it would not give (`DryRun`). */
export function dryKey(kms: KMSClient, keyArn: string, bindingId: string): DryAttempt[] {
  const common = { kind: 'key', object: `${keyArn} for ${bindingId}` } as const;
  const base = { KeyId: keyArn, EncryptionContext: { 'bulkhead:binding': bindingId }, DryRun: true };
  const told = /InvalidCiphertext|IncorrectKey|DryRun/;
  const open = () => kms.send(new DecryptCommand({ ...base, CiphertextBlob: randomBytes(180) }));
  const make = () => kms.send(new GenerateDataKeyCommand({ ...base, KeySpec: 'AES_256' }));
  return [
    { ...common, verb: 'decrypt', attempt: () => dry(open(), told) },
    { ...common, verb: 'generate a data key', attempt: () => dry(make(), told) },
  ];
}

/** Looks at a queue's attributes only: receiving, even for no time at all, would hide messages or count them. */
export function dryQueue(sqs: SQSClient, queueUrl: string): DryAttempt[] {
  const look = () => sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }));
  return [{ kind: 'queue', object: queueUrl, verb: 'look', attempt: () => dry(look(), /^$/) }];
}

/** Reads a secret of this beginning that nobody made. */
export function drySecretsUnder(secrets: SecretsManagerClient, prefix: string): DryAttempt[] {
  const SecretId = `${prefix}probe-${randomBytes(6).toString('hex')}`;
  const read = () => secrets.send(new GetSecretValueCommand({ SecretId }));
  return [
    { kind: 'secret', object: prefix, verb: 'read what is not there', attempt: () => dry(read(), /ResourceNotFound/) },
  ];
}

/** Reads a version that a secret does not have. */
export function drySecret(secrets: SecretsManagerClient, name: string): DryAttempt[] {
  const read = () => secrets.send(new GetSecretValueCommand({ SecretId: name, VersionId: randomUUID() }));
  return [
    { kind: 'secret', object: name, verb: 'read what is not there', attempt: () => dry(read(), /ResourceNotFound/) },
  ];
}
