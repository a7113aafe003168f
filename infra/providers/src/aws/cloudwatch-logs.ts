import {
  AssociateKmsKeyCommand,
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  DisassociateKmsKeyCommand,
  ListTagsForResourceCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
  type LogGroup,
} from '@aws-sdk/client-cloudwatch-logs';
import { absentAsUndefined } from '../protocol/failure.js';
import { OWNERSHIP_TAG } from '../protocol/lifecycle.js';
import type { ResourceType } from '../protocol/resource-type.js';
import type { AwsClients } from './clients.js';
import { tagChanges, TAGS, type Tags } from './tags.js';

type Logs = AwsClients['logs'];

interface LogGroupInputs {
  readonly name: string;
  readonly retentionInDays?: number;
  readonly kmsKeyId?: string;
  readonly skipDestroy?: boolean;
  readonly tags?: Tags;
}

/** terraform-provider-aws, internal/service/logs/group.go `resourceGroup`. */
export const logGroup: ResourceType<AwsClients, LogGroupInputs> = {
  token: 'aws:cloudwatch/logGroup:LogGroup',
  rules: {
    name: { required: true, replaces: true },
    retentionInDays: { fallback: 0 },
    kmsKeyId: {},
    skipDestroy: { fallback: false, unobserved: true },
    region: { computed: true, replaces: true },
    tags: TAGS,
  },
  computed: ['arn', 'tagsAll'],
  label: ({ name }) => `log group ${name}`,

  async find({ logs }, { name }) {
    const group = await describe(logs, name);
    return group === undefined ? undefined : { id: name, owner: (await groupTags(logs, group))[OWNERSHIP_TAG] };
  },

  async create({ logs }, { name, kmsKeyId, tags }) {
    await logs.send(new CreateLogGroupCommand({ logGroupName: name, kmsKeyId, tags: { ...tags } }));
    return name;
  },

  async read({ logs, region }, id) {
    const group = await describe(logs, id);
    if (group === undefined) return undefined;
    const tags = await groupTags(logs, group);
    return {
      name: id,
      arn: plainArn(group),
      retentionInDays: group.retentionInDays ?? 0,
      ...(group.kmsKeyId === undefined ? {} : { kmsKeyId: group.kmsKeyId }),
      region,
      tags,
      tagsAll: tags,
    };
  },

  async update({ logs }, logGroupName, wanted, changed, current) {
    if (changed.has('retentionInDays')) {
      const { retentionInDays = 0 } = wanted;
      if (retentionInDays === 0) await logs.send(new DeleteRetentionPolicyCommand({ logGroupName }));
      else await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays }));
    }
    if (changed.has('kmsKeyId')) {
      const { kmsKeyId } = wanted;
      if (kmsKeyId === undefined) await logs.send(new DisassociateKmsKeyCommand({ logGroupName }));
      else await logs.send(new AssociateKmsKeyCommand({ logGroupName, kmsKeyId }));
    }
    if (!changed.has('tags')) return;
    const group = await describe(logs, logGroupName);
    const resourceArn = group && plainArn(group);
    const { set, remove } = tagChanges(current.tags, wanted.tags);
    if (remove.length > 0) await logs.send(new UntagResourceCommand({ resourceArn, tagKeys: remove }));
    if (Object.keys(set).length > 0) await logs.send(new TagResourceCommand({ resourceArn, tags: { ...set } }));
  },

  async delete({ logs }, id, { skipDestroy }) {
    if (skipDestroy !== true) await absentAsUndefined(logs.send(new DeleteLogGroupCommand({ logGroupName: id })));
  },
};

async function describe(logs: Logs, name: string): Promise<LogGroup | undefined> {
  // The name is a prefix to AWS; the exact one sorts first.
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name, limit: 1 }));
  return logGroups.find(({ logGroupName }) => logGroupName === name);
}

/** The ARN that tagging wants: AWS adds `:*` to the one that it lists. */
function plainArn({ arn = '' }: LogGroup): string {
  return arn.replace(/:\*$/, '');
}

async function groupTags(logs: Logs, group: LogGroup): Promise<Tags> {
  return (await logs.send(new ListTagsForResourceCommand({ resourceArn: plainArn(group) }))).tags ?? {};
}
