import { newId } from '@bulkhead/kernel';
import { TenantQueue } from './tenant-queue.js';
import { only, recordProgram } from './testing/recorded-program.js';

const ownership = { id: newId('binding'), stack: 's' };
const record = (extra: object = {}) =>
  recordProgram(() => {
    const queue = new TenantQueue('q', {
      ownership,
      queue: 'bh-1',
      deadLetterQueue: 'bh-1-dlq',
      keyArn: 'arn:key',
      ...extra,
    });
    return { url: queue.queueUrl, dead: queue.deadLetterQueueUrl };
  });

test('both queues are encrypted with the key, and what fails five times lands in the dead-letter queue', async () => {
  const { resources, result } = await record();
  const main = only(resources, 'aws:sqs/queue:Queue', 'q-queue');
  const dead = only(resources, 'aws:sqs/queue:Queue', 'q-dead-letters');
  for (const queue of [main, dead]) {
    expect(queue).toMatchObject({ protect: true, inputs: { kmsMasterKeyId: 'arn:key' } });
  }
  expect(JSON.parse(main.inputs['redrivePolicy'])).toEqual({
    deadLetterTargetArn: 'arn:aws:sqs:us-east-1:123456789012:bh-1-dlq',
    maxReceiveCount: 5,
  });
  expect(result).toEqual({
    url: 'https://sqs.test/123456789012/bh-1',
    dead: 'https://sqs.test/123456789012/bh-1-dlq',
  });
});

test('both queues refuse plain HTTP', async () => {
  const { resources } = await record();
  const policies = resources.filter((r) => r.type === 'aws:sqs/queuePolicy:QueuePolicy');
  expect(policies).toHaveLength(2);
  for (const policy of policies) {
    expect(JSON.parse(policy.inputs['policy']).Statement[0]).toMatchObject({ Effect: 'Deny', Action: 'sqs:*' });
  }
});

test('a message in the dead-letter queue raises the alarm', async () => {
  const { resources } = await record();
  expect(only(resources, 'aws:cloudwatch/metricAlarm:MetricAlarm').inputs).toMatchObject({
    dimensions: { QueueName: 'bh-1-dlq' },
    comparisonOperator: 'GreaterThanThreshold',
    threshold: 0,
  });
});

test('discarded queues are not protected', async () => {
  const { resources } = await record({ discardedBy: newId('operation') });
  const queues = resources.filter((r) => r.type === 'aws:sqs/queue:Queue');
  expect(queues.map((queue) => queue.protect)).toEqual([false, false]);
});
