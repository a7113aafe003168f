import {
  AddTagsToResourceCommand,
  CreateDBParameterGroupCommand,
  CreateDBSubnetGroupCommand,
  DeleteDBParameterGroupCommand,
  DeleteDBSubnetGroupCommand,
  DescribeDBParameterGroupsCommand,
  DescribeDBSubnetGroupsCommand,
  ListTagsForResourceCommand,
  ModifyDBParameterGroupCommand,
  ModifyDBSubnetGroupCommand,
  paginateDescribeDBParameters,
  RemoveTagsFromResourceCommand,
  ResetDBParameterGroupCommand,
  type ApplyMethod,
} from '@aws-sdk/client-rds';
import { absentAsUndefined } from '../protocol/failure.js';
import { OWNERSHIP_TAG } from '../protocol/lifecycle.js';
import type { ResourceType } from '../protocol/resource-type.js';
import type { AwsClients } from './clients.js';
import { tagChanges, tagList, tagMap, TAGS, type Tags } from './tags.js';

type Rds = AwsClients['rds'];

/** What pulumi-aws writes where a program gives no description. */
const DESCRIPTION = 'Managed by Pulumi';
/** Most parameters that RDS takes in one call. */
const PARAMETERS_PER_CALL = 20;

interface Parameter {
  readonly name: string;
  readonly value: string;
  readonly applyMethod?: ApplyMethod;
}

interface ParameterGroupInputs {
  readonly name: string;
  readonly family: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly tags?: Tags;
}

/** terraform-provider-aws, internal/service/rds/parameter_group.go `resourceParameterGroup`. */
export const rdsParameterGroup: ResourceType<AwsClients, ParameterGroupInputs> = {
  token: 'aws:rds/parameterGroup:ParameterGroup',
  rules: {
    name: { required: true, replaces: true },
    family: { required: true, replaces: true },
    description: { fallback: DESCRIPTION, replaces: true },
    parameters: {
      fallback: [],
      compareAs: 'set',
      nested: { name: {}, value: {}, applyMethod: { fallback: 'immediate' } },
    },
    region: { computed: true, replaces: true },
    tags: TAGS,
  },
  computed: ['arn', 'tagsAll'],
  label: ({ name }) => `RDS parameter group ${name}`,

  async find({ rds }, { name }) {
    const group = await parameterGroup(rds, name);
    return group === undefined
      ? undefined
      : { id: name, owner: (await rdsTags(rds, group.DBParameterGroupArn))[OWNERSHIP_TAG] };
  },

  async create({ rds }, { name, family, description, tags }) {
    await rds.send(
      new CreateDBParameterGroupCommand({
        DBParameterGroupName: name,
        DBParameterGroupFamily: family,
        Description: description ?? DESCRIPTION,
        Tags: tagList(tags),
      }),
    );
    return name;
  },

  async read({ rds, region }, id) {
    const group = await parameterGroup(rds, id);
    if (group === undefined) return undefined;
    const parameters = [];
    for await (const page of paginateDescribeDBParameters(
      { client: rds },
      { DBParameterGroupName: id, Source: 'user' },
    )) {
      for (const { ParameterName = '', ParameterValue, ApplyMethod = 'immediate' } of page.Parameters ?? []) {
        if (ParameterValue !== undefined)
          parameters.push({ name: ParameterName, value: ParameterValue, applyMethod: ApplyMethod });
      }
    }
    const tags = await rdsTags(rds, group.DBParameterGroupArn);
    return {
      name: id,
      family: group.DBParameterGroupFamily ?? '',
      description: group.Description ?? '',
      parameters,
      arn: group.DBParameterGroupArn ?? '',
      region,
      tags,
      tagsAll: tags,
    };
  },

  async update({ rds }, id, wanted, changed, current) {
    if (changed.has('parameters')) await setParameters(rds, id, current.parameters ?? [], wanted.parameters ?? []);
    if (changed.has('tags'))
      await retag(rds, (await parameterGroup(rds, id))?.DBParameterGroupArn, current.tags, wanted.tags);
  },

  async delete({ rds }, id) {
    await absentAsUndefined(rds.send(new DeleteDBParameterGroupCommand({ DBParameterGroupName: id })));
  },
};

async function setParameters(
  rds: Rds,
  group: string,
  before: readonly Parameter[],
  after: readonly Parameter[],
): Promise<void> {
  const toAws = ({ name, value, applyMethod }: Parameter) => ({
    ParameterName: name,
    ParameterValue: value,
    ApplyMethod: applyMethod ?? ('immediate' as const),
  });
  const dropped = before.filter(({ name }) => !after.some((parameter) => parameter.name === name));
  for (const some of chunks(after)) {
    await rds.send(new ModifyDBParameterGroupCommand({ DBParameterGroupName: group, Parameters: some.map(toAws) }));
  }
  for (const some of chunks(dropped)) {
    await rds.send(new ResetDBParameterGroupCommand({ DBParameterGroupName: group, Parameters: some.map(toAws) }));
  }
}

function chunks<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / PARAMETERS_PER_CALL);
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * PARAMETERS_PER_CALL, (index + 1) * PARAMETERS_PER_CALL),
  );
}

async function parameterGroup(rds: Rds, name: string) {
  const answer = await absentAsUndefined(
    rds.send(new DescribeDBParameterGroupsCommand({ DBParameterGroupName: name })),
  );
  return answer?.DBParameterGroups?.[0];
}

interface SubnetGroupInputs {
  readonly name: string;
  readonly description?: string;
  readonly subnetIds: string[];
  readonly tags?: Tags;
}

/** terraform-provider-aws, internal/service/rds/subnet_group.go `resourceSubnetGroup`. */
export const rdsSubnetGroup: ResourceType<AwsClients, SubnetGroupInputs> = {
  token: 'aws:rds/subnetGroup:SubnetGroup',
  rules: {
    name: { required: true, replaces: true },
    description: { fallback: DESCRIPTION },
    subnetIds: { required: true, compareAs: 'set' },
    region: { computed: true, replaces: true },
    tags: TAGS,
  },
  computed: ['arn', 'supportedNetworkTypes', 'tagsAll', 'vpcId'],
  label: ({ name }) => `RDS subnet group ${name}`,

  async find({ rds }, { name }) {
    const group = await subnetGroup(rds, name);
    return group === undefined
      ? undefined
      : { id: name, owner: (await rdsTags(rds, group.DBSubnetGroupArn))[OWNERSHIP_TAG] };
  },

  async create({ rds }, { name, description, subnetIds, tags }) {
    await rds.send(
      new CreateDBSubnetGroupCommand({
        DBSubnetGroupName: name,
        DBSubnetGroupDescription: description ?? DESCRIPTION,
        SubnetIds: subnetIds,
        Tags: tagList(tags),
      }),
    );
    return name;
  },

  async read({ rds, region }, id) {
    const group = await subnetGroup(rds, id);
    if (group === undefined) return undefined;
    const tags = await rdsTags(rds, group.DBSubnetGroupArn);
    return {
      name: id,
      description: group.DBSubnetGroupDescription ?? '',
      subnetIds: (group.Subnets ?? []).map(({ SubnetIdentifier = '' }) => SubnetIdentifier),
      supportedNetworkTypes: group.SupportedNetworkTypes ?? [],
      vpcId: group.VpcId ?? '',
      arn: group.DBSubnetGroupArn ?? '',
      region,
      tags,
      tagsAll: tags,
    };
  },

  async update({ rds }, id, wanted, changed, current) {
    if (changed.has('subnetIds') || changed.has('description')) {
      await rds.send(
        new ModifyDBSubnetGroupCommand({
          DBSubnetGroupName: id,
          DBSubnetGroupDescription: wanted.description ?? DESCRIPTION,
          SubnetIds: wanted.subnetIds,
        }),
      );
    }
    if (changed.has('tags'))
      await retag(rds, (await subnetGroup(rds, id))?.DBSubnetGroupArn, current.tags, wanted.tags);
  },

  async delete({ rds }, id) {
    await absentAsUndefined(rds.send(new DeleteDBSubnetGroupCommand({ DBSubnetGroupName: id })));
  },
};

async function subnetGroup(rds: Rds, name: string) {
  return (await absentAsUndefined(rds.send(new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName: name }))))
    ?.DBSubnetGroups?.[0];
}

async function rdsTags(rds: Rds, arn: string | undefined): Promise<Tags> {
  return tagMap((await rds.send(new ListTagsForResourceCommand({ ResourceName: arn }))).TagList);
}

async function retag(
  rds: Rds,
  arn: string | undefined,
  before: Tags | undefined,
  after: Tags | undefined,
): Promise<void> {
  const { set, remove } = tagChanges(before, after);
  if (remove.length > 0) await rds.send(new RemoveTagsFromResourceCommand({ ResourceName: arn, TagKeys: remove }));
  if (Object.keys(set).length > 0)
    await rds.send(new AddTagsToResourceCommand({ ResourceName: arn, Tags: tagList(set) }));
}
