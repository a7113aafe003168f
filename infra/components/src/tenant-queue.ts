import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { ownershipTags, type Discardable, type Ownership } from './ownership.js';
import { denyPlainHttp } from './policy-documents.js';

/** Longest that SQS keeps a message: a message in the dead-letter queue waits for a person. */
const DEAD_LETTER_RETENTION_SECONDS = 14 * 24 * 3600;
const MAX_RECEIVES = 5;

export interface TenantQueueArgs extends Discardable {
  readonly ownership: Ownership;
  readonly queue: string;
  readonly deadLetterQueue: string;
  readonly keyArn: pulumi.Input<string>;
}

/** An encrypted queue with a dead-letter queue, and an alarm as soon as a message lands there. */
export class TenantQueue extends pulumi.ComponentResource {
  readonly queueUrl: pulumi.Output<string>;
  readonly queueArn: pulumi.Output<string>;
  readonly deadLetterQueueUrl: pulumi.Output<string>;
  readonly deadLetterQueueArn: pulumi.Output<string>;

  constructor(name: string, args: TenantQueueArgs, options?: pulumi.ComponentResourceOptions) {
    super('bulkhead:components:TenantQueue', name, {}, options);
    const deadLetters = this.#queue(`${name}-dead-letters`, args, {
      name: args.deadLetterQueue,
      messageRetentionSeconds: DEAD_LETTER_RETENTION_SECONDS,
    });
    const queue = this.#queue(`${name}-queue`, args, {
      name: args.queue,
      redrivePolicy: pulumi.jsonStringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: MAX_RECEIVES }),
    });
    new aws.cloudwatch.MetricAlarm(
      `${name}-dead-letters-alarm`,
      {
        name: `${args.deadLetterQueue}-not-empty`,
        namespace: 'AWS/SQS',
        metricName: 'ApproximateNumberOfMessagesVisible',
        dimensions: { QueueName: deadLetters.name },
        statistic: 'Maximum',
        comparisonOperator: 'GreaterThanThreshold',
        threshold: 0,
        period: 60,
        evaluationPeriods: 1,
        tags: ownershipTags(args.ownership),
      },
      { parent: this },
    );
    this.queueUrl = queue.url;
    this.queueArn = queue.arn;
    this.deadLetterQueueUrl = deadLetters.url;
    this.deadLetterQueueArn = deadLetters.arn;
    this.registerOutputs({ queueUrl: this.queueUrl, deadLetterQueueUrl: this.deadLetterQueueUrl });
  }

  #queue(name: string, args: TenantQueueArgs, settings: aws.sqs.QueueArgs): aws.sqs.Queue {
    const queue = new aws.sqs.Queue(
      name,
      { ...settings, kmsMasterKeyId: args.keyArn, tags: ownershipTags(args.ownership) },
      { parent: this, protect: args.discardedBy === undefined },
    );
    new aws.sqs.QueuePolicy(
      `${name}-policy`,
      { queueUrl: queue.url, policy: queue.arn.apply((arn) => denyPlainHttp('sqs:*', [arn])) },
      { parent: this },
    );
    return queue;
  }
}
