import { BackupClient } from '@aws-sdk/client-backup';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { AWS_TIME_LIMITS } from '@bulkhead/kernel';
import { callSignal } from '../protocol/calls.js';
import type { RdsHost } from './rds-host.js';

/** How to reach AWS. An absent endpoint means AWS itself; absent credentials mean the SDK's default chain. */
export interface AwsAccess {
  readonly region: string;
  readonly endpoint?: string | undefined;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/** SDK clients of one region, each made when it is first used. */
export class AwsClients {
  readonly region: string;
  readonly #config: object;
  readonly #made = new Map<unknown, unknown>();

  /** @param rdsHost where the local stack runs database servers; absent on AWS itself. */
  constructor(
    access: AwsAccess,
    readonly rdsHost?: RdsHost,
  ) {
    this.region = access.region;
    this.#config = {
      region: access.region,
      maxAttempts: 4,
      requestHandler: AWS_TIME_LIMITS,
      ...(access.endpoint === undefined ? {} : { endpoint: access.endpoint }),
      ...(access.credentials === undefined ? {} : { credentials: access.credentials }),
    };
  }

  get kms(): KMSClient {
    return this.#client(KMSClient);
  }
  /** For CreateKey: the SDK's own retry after a lost answer would make a second key, since keys have no name. */
  get kmsWithoutRetry(): KMSClient {
    return this.#client(KMSClient, { maxAttempts: 1 }, 'kms once');
  }
  get s3(): S3Client {
    // The emulator answers under one host name, so buckets cannot be part of it.
    return this.#client(S3Client, { forcePathStyle: true });
  }
  get sqs(): SQSClient {
    return this.#client(SQSClient);
  }
  get rds(): RDSClient {
    return this.#client(RDSClient);
  }
  get secrets(): SecretsManagerClient {
    return this.#client(SecretsManagerClient);
  }
  get iam(): IAMClient {
    return this.#client(IAMClient);
  }
  get cloudwatch(): CloudWatchClient {
    return this.#client(CloudWatchClient);
  }
  get logs(): CloudWatchLogsClient {
    return this.#client(CloudWatchLogsClient);
  }
  get backup(): BackupClient {
    return this.#client(BackupClient);
  }
  /** For what AWS Backup makes as often as it is asked to. */
  get backupWithoutRetry(): BackupClient {
    return this.#client(BackupClient, { maxAttempts: 1 }, 'backup once');
  }
  get sts(): STSClient {
    return this.#client(STSClient);
  }

  #client<T>(Client: new (config: never) => T, extra: object = {}, key: unknown = Client): T {
    const known = this.#made.get(key);
    if (known !== undefined) return known as T;
    const client = new Client({ ...this.#config, ...extra } as never);
    endWithCall(client as unknown as Sender);
    this.#made.set(key, client);
    return client;
  }
}

interface Sender {
  send(command: unknown, options?: { abortSignal?: AbortSignal | undefined }): unknown;
}

/** Ends a client's requests, and the SDK's own retries of them, with the provider call that they are made for. */
function endWithCall(client: Sender): void {
  const send = client.send.bind(client);
  client.send = (command) => send(command, { abortSignal: callSignal() });
}
