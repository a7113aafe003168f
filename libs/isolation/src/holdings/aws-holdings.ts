import { createHmac, randomBytes } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { DecryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { ObjectHolding, QueueHolding, Reached, SecretHolding, WrappedKey, WrappedKeys } from './target.js';

/** Keys are compared by it: of no use to anybody outside of this process. */
const FINGERPRINT_KEY = randomBytes(32);
const REFUSED =
  /AccessDenied|InvalidCiphertext|IncorrectKey|Forbidden|NoSuch|NotFound|NonExistent|InvalidAccessKey|UnauthorizedAccess/;

/** Undefined for what was refused or is not there; anything else, such as a network that fails, decides nothing. */
async function reach<T>(attempt: Promise<T>): Reached<T> {
  try {
    return await attempt;
  } catch (error) {
    const { name = '', Code = '' } = error as { name?: string; Code?: string };
    if (REFUSED.test(name) || REFUSED.test(Code)) return undefined;
    throw error;
  }
}

/**
 * @param s3 with the tenant's session credentials.
 * @param keyArn KMS key that buckets want objects to be encrypted with.
 */
export function s3Objects(s3: S3Client, bucket: string, prefix: string, keyArn: string): ObjectHolding {
  const encrypted = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn } as const;
  return {
    bucket,
    prefix,
    put: (Bucket, Key, Body) =>
      reach(s3.send(new PutObjectCommand({ Bucket, Key, Body, ...encrypted })).then(() => true as const)),
    get: (Bucket, Key) =>
      reach(s3.send(new GetObjectCommand({ Bucket, Key })).then(({ Body }) => Body?.transformToString() ?? '')),
    list: (Bucket, Prefix) =>
      reach(
        s3
          .send(new ListObjectsV2Command({ Bucket, Prefix }))
          .then(({ Contents }) => (Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]))),
      ),
    remove: (Bucket, Key) => reach(s3.send(new DeleteObjectCommand({ Bucket, Key })).then(() => true as const)),
  };
}

/** @param sqs with the tenant's session credentials. */
export function sqsQueue(sqs: SQSClient, address: string): QueueHolding {
  return {
    address,
    send: (QueueUrl, MessageBody) =>
      reach(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody })).then(() => true as const)),
    receive: (QueueUrl) =>
      reach(
        sqs
          .send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0, MaxNumberOfMessages: 10 }))
          .then(({ Messages }) => (Messages ?? []).map(({ Body }) => Body ?? '')),
      ),
  };
}

/** @param secrets with the tenant's session credentials. */
export function managedSecrets(secrets: SecretsManagerClient, own: string): SecretHolding {
  return {
    own,
    read: (SecretId) =>
      reach(secrets.send(new GetSecretValueCommand({ SecretId })).then(({ SecretString }) => SecretString ?? '')),
  };
}

/**
 * @param kms with the session credentials by which the tenant's data keys are opened.
 * @param list reads them from the tenant's home.
 */
export function wrappedKeys(kms: KMSClient, list: () => Promise<readonly WrappedKey[]>): WrappedKeys {
  return {
    list,
    async unwrap({ bindingId, keyArn, bytes }) {
      const EncryptionContext = { 'bulkhead:binding': bindingId };
      const request = new DecryptCommand({ KeyId: keyArn, CiphertextBlob: bytes, EncryptionContext });
      const opened = await reach(kms.send(request));
      if (!opened?.Plaintext) return undefined;
      const fingerprint = createHmac('sha256', FINGERPRINT_KEY).update(opened.Plaintext).digest('hex');
      opened.Plaintext.fill(0);
      return fingerprint;
    },
  };
}
