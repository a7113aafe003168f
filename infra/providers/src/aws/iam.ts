import {
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListPolicyTagsCommand,
  ListPolicyVersionsCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  TagPolicyCommand,
  TagRoleCommand,
  UntagPolicyCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  type Policy,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { absentAsUndefined } from '../protocol/failure.js';
import { OWNERSHIP_TAG } from '../protocol/lifecycle.js';
import type { ResourceType } from '../protocol/resource-type.js';
import type { AwsClients } from './clients.js';
import { tagChanges, tagList, tagMap, TAGS, type Tags } from './tags.js';

interface RoleInputs {
  readonly name: string;
  readonly assumeRolePolicy: string;
  readonly description?: string;
  readonly maxSessionDuration?: number;
  readonly path?: string;
  readonly permissionsBoundary?: string;
  readonly tags?: Tags;
}

/** terraform-provider-aws, internal/service/iam/role.go `resourceRole`. Policies are resources of their own here. */
export const iamRole: ResourceType<AwsClients, RoleInputs> = {
  token: 'aws:iam/role:Role',
  rules: {
    name: { required: true, replaces: true },
    assumeRolePolicy: { required: true, compareAs: 'document' },
    description: { fallback: '' },
    maxSessionDuration: { fallback: 3600 },
    path: { fallback: '/', replaces: true },
    permissionsBoundary: {},
    tags: TAGS,
  },
  computed: ['arn', 'createDate', 'tagsAll', 'uniqueId'],
  label: ({ name }) => `IAM role ${name}`,

  async find({ iam }, { name }) {
    const found = await absentAsUndefined(iam.send(new GetRoleCommand({ RoleName: name })));
    return found === undefined ? undefined : { id: name, owner: tagMap(found.Role?.Tags)[OWNERSHIP_TAG] };
  },

  async create({ iam }, inputs) {
    await iam.send(
      new CreateRoleCommand({
        RoleName: inputs.name,
        AssumeRolePolicyDocument: inputs.assumeRolePolicy,
        Description: inputs.description,
        MaxSessionDuration: inputs.maxSessionDuration,
        Path: inputs.path,
        PermissionsBoundary: inputs.permissionsBoundary,
        Tags: tagList(inputs.tags),
      }),
    );
    return inputs.name;
  },

  async read({ iam }, id) {
    const role = (await absentAsUndefined(iam.send(new GetRoleCommand({ RoleName: id }))))?.Role;
    if (role === undefined) return undefined;
    const boundary = role.PermissionsBoundary?.PermissionsBoundaryArn;
    const tags = tagMap(role.Tags);
    return {
      name: id,
      arn: role.Arn ?? '',
      uniqueId: role.RoleId ?? '',
      createDate: role.CreateDate?.toISOString() ?? '',
      assumeRolePolicy: decodeURIComponent(role.AssumeRolePolicyDocument ?? ''),
      description: role.Description ?? '',
      maxSessionDuration: role.MaxSessionDuration ?? 3600,
      path: role.Path ?? '/',
      ...(boundary === undefined ? {} : { permissionsBoundary: boundary }),
      tags,
      tagsAll: tags,
    };
  },

  async update({ iam }, RoleName, wanted, changed, current) {
    if (changed.has('assumeRolePolicy')) {
      await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: wanted.assumeRolePolicy }));
    }
    if (changed.has('description') || changed.has('maxSessionDuration')) {
      const { description: Description = '', maxSessionDuration: MaxSessionDuration = 3600 } = wanted;
      await iam.send(new UpdateRoleCommand({ RoleName, Description, MaxSessionDuration }));
    }
    if (changed.has('permissionsBoundary')) {
      const { permissionsBoundary: PermissionsBoundary } = wanted;
      if (PermissionsBoundary === undefined) await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
      else await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
    }
    if (!changed.has('tags')) return;
    const { set, remove } = tagChanges(current.tags, wanted.tags);
    if (remove.length > 0) await iam.send(new UntagRoleCommand({ RoleName, TagKeys: remove }));
    if (Object.keys(set).length > 0) await iam.send(new TagRoleCommand({ RoleName, Tags: tagList(set) }));
  },

  async delete({ iam }, id) {
    await absentAsUndefined(iam.send(new DeleteRoleCommand({ RoleName: id })));
  },
};

interface RolePolicyInputs {
  readonly name: string;
  readonly role: string;
  readonly policy: string;
}

/** terraform-provider-aws, internal/service/iam/role_policy.go `resourceRolePolicy`. The id is `role:name`. */
export const iamRolePolicy: ResourceType<AwsClients, RolePolicyInputs> = {
  token: 'aws:iam/rolePolicy:RolePolicy',
  rules: {
    name: { required: true, replaces: true },
    role: { required: true, replaces: true },
    policy: { required: true, compareAs: 'document' },
  },
  computed: [],
  label: ({ role, name }) => `policy ${name} of IAM role ${role}`,

  async create({ iam }, { role, name, policy }) {
    await iam.send(new PutRolePolicyCommand({ RoleName: role, PolicyName: name, PolicyDocument: policy }));
    return `${role}:${name}`;
  },

  async read({ iam }, id) {
    const [RoleName = '', PolicyName = ''] = id.split(':');
    const found = await absentAsUndefined(iam.send(new GetRolePolicyCommand({ RoleName, PolicyName })));
    if (found === undefined) return undefined;
    return { role: RoleName, name: PolicyName, policy: decodeURIComponent(found.PolicyDocument ?? '') };
  },

  async update({ iam }, _id, { role, name, policy }, changed) {
    if (!changed.has('policy')) return;
    await iam.send(new PutRolePolicyCommand({ RoleName: role, PolicyName: name, PolicyDocument: policy }));
  },

  async delete({ iam }, id) {
    const [RoleName, PolicyName] = id.split(':');
    await absentAsUndefined(iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName })));
  },
};

interface PolicyInputs {
  readonly name: string;
  readonly policy: string;
  readonly description?: string;
  readonly path?: string;
  readonly tags?: Tags;
}

/** Most versions that IAM keeps of a policy (IAM quotas). */
const MAX_POLICY_VERSIONS = 5;

/** terraform-provider-aws, internal/service/iam/policy.go `resourcePolicy`. The id is the ARN. */
export const iamPolicy: ResourceType<AwsClients, PolicyInputs> = {
  token: 'aws:iam/policy:Policy',
  rules: {
    name: { required: true, replaces: true },
    policy: { required: true, compareAs: 'document' },
    description: { fallback: '', replaces: true },
    path: { fallback: '/', replaces: true },
    tags: TAGS,
  },
  computed: ['arn', 'attachmentCount', 'policyId', 'tagsAll'],
  label: ({ name }) => `IAM policy ${name}`,

  async find(cloud, { name, path = '/' }) {
    const { Account } = await cloud.sts.send(new GetCallerIdentityCommand({}));
    const arn = `arn:aws:iam::${Account}:policy${path}${name}`;
    const found = await policyOf(cloud, arn);
    return found === undefined ? undefined : { id: arn, owner: (await policyTags(cloud, arn))[OWNERSHIP_TAG] };
  },

  async create({ iam }, { name, policy, description, path, tags }) {
    const { Policy: made } = await iam.send(
      new CreatePolicyCommand({
        PolicyName: name,
        PolicyDocument: policy,
        Description: description,
        Path: path,
        Tags: tagList(tags),
      }),
    );
    return made?.Arn ?? '';
  },

  async read(cloud, id) {
    const found = await policyOf(cloud, id);
    if (found === undefined) return undefined;
    const version = await cloud.iam.send(
      new GetPolicyVersionCommand({ PolicyArn: id, VersionId: found.DefaultVersionId }),
    );
    const tags = await policyTags(cloud, id);
    return {
      name: found.PolicyName ?? '',
      arn: id,
      policyId: found.PolicyId ?? '',
      attachmentCount: found.AttachmentCount ?? 0,
      policy: decodeURIComponent(version.PolicyVersion?.Document ?? ''),
      description: found.Description ?? '',
      path: found.Path ?? '/',
      tags,
      tagsAll: tags,
    };
  },

  async update({ iam }, PolicyArn, wanted, changed, current) {
    if (changed.has('policy')) {
      const { Versions = [] } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
      const oldest = Versions.filter(({ IsDefaultVersion }) => IsDefaultVersion !== true).at(-1);
      if (Versions.length >= MAX_POLICY_VERSIONS && oldest !== undefined) {
        await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: oldest.VersionId }));
      }
      await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: wanted.policy, SetAsDefault: true }));
    }
    if (!changed.has('tags')) return;
    const { set, remove } = tagChanges(current.tags, wanted.tags);
    if (remove.length > 0) await iam.send(new UntagPolicyCommand({ PolicyArn, TagKeys: remove }));
    if (Object.keys(set).length > 0) await iam.send(new TagPolicyCommand({ PolicyArn, Tags: tagList(set) }));
  },

  async delete(cloud, PolicyArn) {
    if ((await policyOf(cloud, PolicyArn)) === undefined) return;
    const { Versions = [] } = await cloud.iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    for (const { VersionId, IsDefaultVersion } of Versions) {
      if (IsDefaultVersion !== true) await cloud.iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    }
    await absentAsUndefined(cloud.iam.send(new DeletePolicyCommand({ PolicyArn })));
  },
};

async function policyOf({ iam }: AwsClients, PolicyArn: string): Promise<Policy | undefined> {
  return (await absentAsUndefined(iam.send(new GetPolicyCommand({ PolicyArn }))))?.Policy;
}

async function policyTags({ iam }: AwsClients, PolicyArn: string): Promise<Tags> {
  return tagMap((await iam.send(new ListPolicyTagsCommand({ PolicyArn }))).Tags);
}
