import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  RestoreSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  type DescribeSecretCommandOutput,
} from '@aws-sdk/client-secrets-manager';
import { absentAsUndefined } from '../protocol/failure.js';
import { OWNERSHIP_TAG } from '../protocol/lifecycle.js';
import type { ResourceType } from '../protocol/resource-type.js';
import type { AwsClients } from './clients.js';
import { tagChanges, tagList, tagMap, TAGS, type Tags } from './tags.js';

interface SecretInputs {
  readonly name: string;
  readonly description?: string;
  readonly kmsKeyId?: string;
  readonly recoveryWindowInDays?: number;
  readonly tags?: Tags;
}

/** terraform-provider-aws, internal/service/secretsmanager/secret.go `resourceSecret`. The id is the ARN. */
export const secret: ResourceType<AwsClients, SecretInputs> = {
  token: 'aws:secretsmanager/secret:Secret',
  rules: {
    name: { required: true, replaces: true },
    description: { fallback: '' },
    kmsKeyId: {},
    recoveryWindowInDays: { fallback: 30, unobserved: true },
    region: { computed: true, replaces: true },
    tags: TAGS,
  },
  computed: ['arn', 'tagsAll'],
  label: ({ name }) => `secret ${name}`,

  async find({ secrets }, { name }) {
    const found = await describe(secrets, name);
    return found?.ARN === undefined ? undefined : { id: found.ARN, owner: tagMap(found.Tags)[OWNERSHIP_TAG] };
  },

  async create({ secrets }, { name, description, kmsKeyId, tags }) {
    try {
      const { ARN = '' } = await secrets.send(
        new CreateSecretCommand({ Name: name, Description: description, KmsKeyId: kmsKeyId, Tags: tagList(tags) }),
      );
      return ARN;
    } catch (error) {
      const { name: code } = error as Error;
      if (code !== 'InvalidRequestException' && code !== 'ResourceExistsException') throw error;
      // Within its recovery window a deleted secret still holds its name. One of ours comes back.
      const deleted = await absentAsUndefined(secrets.send(new DescribeSecretCommand({ SecretId: name })));
      const owner = tagMap(deleted?.Tags)[OWNERSHIP_TAG];
      if (deleted?.DeletedDate === undefined || owner === undefined || owner !== tags?.[OWNERSHIP_TAG]) throw error;
      return (await secrets.send(new RestoreSecretCommand({ SecretId: name }))).ARN ?? '';
    }
  },

  async read({ secrets, region }, id) {
    const found = await describe(secrets, id);
    if (found === undefined) return undefined;
    const tags = tagMap(found.Tags);
    return {
      name: found.Name ?? '',
      arn: found.ARN ?? '',
      description: found.Description ?? '',
      ...(found.KmsKeyId === undefined ? {} : { kmsKeyId: found.KmsKeyId }),
      region,
      tags,
      tagsAll: tags,
    };
  },

  async update({ secrets }, SecretId, wanted, changed, current) {
    if (changed.has('description') || changed.has('kmsKeyId')) {
      await secrets.send(
        new UpdateSecretCommand({
          SecretId,
          Description: wanted.description ?? '',
          KmsKeyId: changed.has('kmsKeyId') ? (wanted.kmsKeyId ?? 'alias/aws/secretsmanager') : undefined,
        }),
      );
    }
    if (!changed.has('tags')) return;
    const { set, remove } = tagChanges(current.tags, wanted.tags);
    if (remove.length > 0) await secrets.send(new UntagResourceCommand({ SecretId, TagKeys: remove }));
    if (Object.keys(set).length > 0) await secrets.send(new TagResourceCommand({ SecretId, Tags: tagList(set) }));
  },

  /** With a recovery window of 0 the secret is gone at once. */
  async delete({ secrets }, id, { recoveryWindowInDays = 30 }) {
    if ((await describe(secrets, id)) === undefined) return;
    const window =
      recoveryWindowInDays === 0
        ? { ForceDeleteWithoutRecovery: true }
        : { RecoveryWindowInDays: recoveryWindowInDays };
    await absentAsUndefined(secrets.send(new DeleteSecretCommand({ SecretId: id, ...window })));
  },
};

/** The secret, unless it does not exist or waits for its deletion. */
async function describe(
  secrets: AwsClients['secrets'],
  SecretId: string,
): Promise<DescribeSecretCommandOutput | undefined> {
  const found = await absentAsUndefined(secrets.send(new DescribeSecretCommand({ SecretId })));
  return found?.DeletedDate === undefined ? found : undefined;
}
