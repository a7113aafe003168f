import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueueTagsCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
  type QueueAttributeName,
} from '@aws-sdk/client-sqs';
import { absentAsUndefined } from '../protocol/failure.js';
import { OWNERSHIP_TAG } from '../protocol/lifecycle.js';
import type { ResourceType, Rules } from '../protocol/resource-type.js';
import type { Json } from '../protocol/values.js';
import type { AwsClients } from './clients.js';
import { tagChanges, TAGS, type Tags } from './tags.js';

/** Queue properties that are attributes of the queue, with AWS's names and how their text is read. */
const ATTRIBUTES = {
  delaySeconds: ['DelaySeconds', Number],
  maxMessageSize: ['MaximumMessageSize', Number],
  messageRetentionSeconds: ['MessageRetentionPeriod', Number],
  receiveWaitTimeSeconds: ['ReceiveMessageWaitTimeSeconds', Number],
  visibilityTimeoutSeconds: ['VisibilityTimeout', Number],
  policy: ['Policy', String],
  redrivePolicy: ['RedrivePolicy', String],
  redriveAllowPolicy: ['RedriveAllowPolicy', String],
  kmsMasterKeyId: ['KmsMasterKeyId', String],
  kmsDataKeyReusePeriodSeconds: ['KmsDataKeyReusePeriodSeconds', Number],
  sqsManagedSseEnabled: ['SqsManagedSseEnabled', (text: string) => text === 'true'],
  fifoQueue: ['FifoQueue', (text: string) => text === 'true'],
  contentBasedDeduplication: ['ContentBasedDeduplication', (text: string) => text === 'true'],
  deduplicationScope: ['DeduplicationScope', String],
  fifoThroughputLimit: ['FifoThroughputLimit', String],
} as const satisfies Record<string, readonly [QueueAttributeName, (text: string) => Json]>;
type AttributeProperty = keyof typeof ATTRIBUTES;

interface QueueInputs extends Partial<Record<AttributeProperty, Json>> {
  readonly name: string;
  readonly tags?: Tags;
}

/** terraform-provider-aws, internal/service/sqs/queue.go `queueSchema`. */
const QUEUE_RULES: Rules = {
  name: { required: true, replaces: true },
  delaySeconds: { fallback: 0 },
  maxMessageSize: { fallback: 262_144, computed: true },
  messageRetentionSeconds: { fallback: 345_600 },
  receiveWaitTimeSeconds: { fallback: 0 },
  visibilityTimeoutSeconds: { fallback: 30 },
  policy: { computed: true, compareAs: 'document' },
  redrivePolicy: { computed: true, compareAs: 'document' },
  redriveAllowPolicy: { computed: true, compareAs: 'document' },
  kmsMasterKeyId: {},
  kmsDataKeyReusePeriodSeconds: { computed: true },
  sqsManagedSseEnabled: { computed: true },
  fifoQueue: { fallback: false, replaces: true },
  contentBasedDeduplication: { fallback: false },
  deduplicationScope: { computed: true },
  fifoThroughputLimit: { computed: true },
  region: { computed: true, replaces: true },
  tags: TAGS,
};

export const sqsQueue: ResourceType<AwsClients, QueueInputs> = {
  token: 'aws:sqs/queue:Queue',
  rules: QUEUE_RULES,
  computed: ['arn', 'url', 'tagsAll'],
  label: ({ name }) => `SQS queue ${name}`,

  async find({ sqs }, { name }) {
    const queue = await absentAsUndefined(sqs.send(new GetQueueUrlCommand({ QueueName: name })));
    if (queue?.QueueUrl === undefined) return undefined;
    return { id: queue.QueueUrl, owner: (await queueTags(sqs, queue.QueueUrl))[OWNERSHIP_TAG] };
  },

  async create({ sqs }, inputs) {
    const attributes = attributesOf(inputs, new Set(Object.keys(inputs)));
    // A standard queue refuses the attribute altogether, even with the value false.
    if (inputs.fifoQueue !== true)
      for (const name of ['FifoQueue', 'ContentBasedDeduplication']) delete attributes[name];
    const { QueueUrl } = await sqs.send(
      new CreateQueueCommand({ QueueName: inputs.name, Attributes: attributes, tags: { ...inputs.tags } }),
    );
    return QueueUrl ?? '';
  },

  async read({ sqs, region }, id) {
    const answer = await absentAsUndefined(
      sqs.send(new GetQueueAttributesCommand({ QueueUrl: id, AttributeNames: ['All'] })),
    );
    if (answer === undefined) return undefined;
    const attributes = answer.Attributes ?? {};
    const seen: Record<string, Json> = {};
    for (const [property, [name, parse]] of Object.entries(ATTRIBUTES)) {
      const text = attributes[name];
      if (text !== undefined && text !== '') seen[property] = parse(text);
    }
    const tags = await queueTags(sqs, id);
    const arn = attributes['QueueArn'] ?? '';
    return { ...seen, name: arn.split(':').at(-1) ?? '', arn, url: id, region, tags, tagsAll: tags };
  },

  async update({ sqs }, id, wanted, changed, current) {
    const attributes = attributesOf(wanted, changed);
    if (Object.keys(attributes).length > 0) {
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl: id, Attributes: attributes }));
    }
    if (!changed.has('tags')) return;
    const { set, remove } = tagChanges(current.tags, wanted.tags);
    if (remove.length > 0) await sqs.send(new UntagQueueCommand({ QueueUrl: id, TagKeys: remove }));
    if (Object.keys(set).length > 0) await sqs.send(new TagQueueCommand({ QueueUrl: id, Tags: { ...set } }));
  },

  async delete({ sqs }, id) {
    await absentAsUndefined(sqs.send(new DeleteQueueCommand({ QueueUrl: id })));
  },
};

/** The wanted texts of the changed attributes. What the program dropped goes back to its default, or becomes empty. */
function attributesOf(inputs: QueueInputs, changed: ReadonlySet<string>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [property, [name]] of Object.entries(ATTRIBUTES)) {
    if (!changed.has(property)) continue;
    const value = inputs[property as AttributeProperty] ?? QUEUE_RULES[property]?.fallback;
    if (value !== undefined && value !== null) texts[name] = typeof value === 'string' ? value : JSON.stringify(value);
    else if (property === 'kmsMasterKeyId') texts[name] = '';
  }
  return texts;
}

async function queueTags(sqs: AwsClients['sqs'], QueueUrl: string): Promise<Tags> {
  return (await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags ?? {};
}

interface QueuePolicyInputs {
  readonly queueUrl: string;
  readonly policy: string;
}

/** terraform-provider-aws, internal/service/sqs/queue_policy.go `resourceQueuePolicy`. */
export const sqsQueuePolicy: ResourceType<AwsClients, QueuePolicyInputs> = {
  token: 'aws:sqs/queuePolicy:QueuePolicy',
  rules: {
    queueUrl: { required: true, replaces: true },
    policy: { required: true, compareAs: 'document' },
    region: { computed: true, replaces: true },
  },
  computed: [],
  label: ({ queueUrl }) => `policy of SQS queue ${queueUrl?.split('/').at(-1)}`,

  async create({ sqs }, { queueUrl, policy }) {
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: { Policy: policy } }));
    return queueUrl;
  },

  async read({ sqs, region }, id) {
    const answer = await absentAsUndefined(
      sqs.send(new GetQueueAttributesCommand({ QueueUrl: id, AttributeNames: ['Policy'] })),
    );
    const policy = answer?.Attributes?.['Policy'];
    return policy === undefined || policy === '' ? undefined : { queueUrl: id, policy, region };
  },

  async update({ sqs }, id, { policy }, changed) {
    if (changed.has('policy'))
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl: id, Attributes: { Policy: policy } }));
  },

  async delete({ sqs }, id) {
    await absentAsUndefined(sqs.send(new SetQueueAttributesCommand({ QueueUrl: id, Attributes: { Policy: '' } })));
  },
};
