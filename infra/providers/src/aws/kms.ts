import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListResourceTagsCommand,
  paginateListAliases,
  paginateListKeys,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
  type KeyMetadata,
  type KeySpec,
  type KeyUsageType,
} from '@aws-sdk/client-kms';
import { BulkheadError } from '@bulkhead/kernel';
import { absentAsUndefined } from '../protocol/failure.js';
import { OWNERSHIP_TAG } from '../protocol/lifecycle.js';
import type { ResourceType } from '../protocol/resource-type.js';
import type { AwsClients } from './clients.js';
import { tagChanges, TAGS, type Tags } from './tags.js';

interface KeyInputs {
  readonly description?: string;
  readonly keyUsage?: KeyUsageType;
  readonly customerMasterKeySpec?: KeySpec;
  readonly enableKeyRotation?: boolean;
  readonly rotationPeriodInDays?: number;
  readonly isEnabled?: boolean;
  readonly deletionWindowInDays?: number;
  readonly policy?: string;
  readonly bypassPolicyLockoutSafetyCheck?: boolean;
  readonly multiRegion?: boolean;
  readonly tags?: Tags;
}

/** terraform-provider-aws, internal/service/kms/key.go `resourceKey`. */
export const kmsKey: ResourceType<AwsClients, KeyInputs> = {
  token: 'aws:kms/key:Key',
  rules: {
    description: { computed: true },
    keyUsage: { replaces: true, fallback: 'ENCRYPT_DECRYPT' },
    customerMasterKeySpec: { replaces: true, fallback: 'SYMMETRIC_DEFAULT' },
    enableKeyRotation: { fallback: false },
    rotationPeriodInDays: { computed: true },
    isEnabled: { fallback: true },
    deletionWindowInDays: { unobserved: true },
    policy: { computed: true, compareAs: 'document' },
    bypassPolicyLockoutSafetyCheck: { unobserved: true },
    multiRegion: { computed: true, replaces: true },
    region: { computed: true, replaces: true },
    tags: TAGS,
  },
  computed: ['arn', 'keyId', 'tagsAll'],
  label: ({ tags, description }) => `KMS key ${tags?.[OWNERSHIP_TAG] ?? description ?? ''}`.trim(),

  // A key has no name. One with our tag and description is the one whose creation was cut off; keys of one owner that
  // serve different ends must differ in their descriptions.
  async find({ kms }, { tags, description }) {
    const owner = tags?.[OWNERSHIP_TAG];
    if (owner === undefined) return undefined;
    for await (const page of paginateListKeys({ client: kms }, {})) {
      for (const { KeyId = '' } of page.Keys ?? []) {
        const metadata = await usableKey(kms, KeyId);
        if (metadata?.KeyManager !== 'CUSTOMER' || (metadata.Description ?? '') !== (description ?? '')) continue;
        if ((await keyTags(kms, KeyId))[OWNERSHIP_TAG] === owner) return { id: KeyId, owner };
      }
    }
    return undefined;
  },

  async create({ kmsWithoutRetry }, inputs) {
    const { KeyMetadata } = await kmsWithoutRetry.send(
      new CreateKeyCommand({
        Description: inputs.description,
        KeyUsage: inputs.keyUsage,
        KeySpec: inputs.customerMasterKeySpec,
        MultiRegion: inputs.multiRegion,
        Policy: inputs.policy,
        BypassPolicyLockoutSafetyCheck: inputs.bypassPolicyLockoutSafetyCheck,
        Tags: kmsTags(inputs.tags),
      }),
    );
    return KeyMetadata?.KeyId ?? '';
  },

  async read({ kms, region }, id) {
    const key = await usableKey(kms, id);
    if (key === undefined) return undefined;
    const [{ Policy = '' }, rotation, tags] = await Promise.all([
      kms.send(new GetKeyPolicyCommand({ KeyId: id, PolicyName: 'default' })),
      kms.send(new GetKeyRotationStatusCommand({ KeyId: id })),
      keyTags(kms, id),
    ]);
    return {
      arn: key.Arn ?? '',
      keyId: id,
      description: key.Description ?? '',
      keyUsage: key.KeyUsage ?? 'ENCRYPT_DECRYPT',
      customerMasterKeySpec: key.KeySpec ?? 'SYMMETRIC_DEFAULT',
      multiRegion: key.MultiRegion ?? false,
      isEnabled: key.Enabled ?? false,
      enableKeyRotation: rotation.KeyRotationEnabled ?? false,
      ...(rotation.KeyRotationEnabled === true ? { rotationPeriodInDays: rotation.RotationPeriodInDays ?? 365 } : {}),
      policy: Policy,
      region,
      tags,
      tagsAll: tags,
    };
  },

  async update({ kms }, KeyId, wanted, changed, current) {
    // A disabled key cannot be changed: enable first, disable last.
    if (changed.has('isEnabled') && wanted.isEnabled !== false) await kms.send(new EnableKeyCommand({ KeyId }));
    if (changed.has('enableKeyRotation') || changed.has('rotationPeriodInDays')) {
      await kms.send(
        wanted.enableKeyRotation === true
          ? new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: wanted.rotationPeriodInDays })
          : new DisableKeyRotationCommand({ KeyId }),
      );
    }
    if (changed.has('description')) {
      await kms.send(new UpdateKeyDescriptionCommand({ KeyId, Description: wanted.description ?? '' }));
    }
    if (changed.has('policy') && wanted.policy !== undefined) {
      await kms.send(
        new PutKeyPolicyCommand({
          KeyId,
          PolicyName: 'default',
          Policy: wanted.policy,
          BypassPolicyLockoutSafetyCheck: wanted.bypassPolicyLockoutSafetyCheck,
        }),
      );
    }
    if (changed.has('tags')) await setKeyTags(kms, KeyId, current.tags, wanted.tags);
    if (changed.has('isEnabled') && wanted.isEnabled === false) await kms.send(new DisableKeyCommand({ KeyId }));
  },

  /** A key is never gone at once: AWS keeps it, unusable, for the window. */
  async delete({ kms }, id, { deletionWindowInDays }) {
    if ((await usableKey(kms, id)) === undefined) return;
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: deletionWindowInDays }));
  },
};

interface AliasInputs {
  readonly name: string;
  readonly targetKeyId: string;
}

/** terraform-provider-aws, internal/service/kms/alias.go `resourceAlias`. */
export const kmsAlias: ResourceType<AwsClients, AliasInputs> = {
  token: 'aws:kms/alias:Alias',
  rules: {
    name: { required: true, replaces: true },
    targetKeyId: { required: true },
    region: { computed: true, replaces: true },
  },
  computed: ['arn', 'targetKeyArn'],
  label: ({ name }) => `KMS alias ${name}`,

  async find({ kms }, { name, targetKeyId }) {
    const alias = await aliasOf(kms, name);
    if (alias === undefined) return undefined;
    const [has, wants] = await Promise.all([
      absentAsUndefined(keyTags(kms, alias.TargetKeyId ?? '')),
      keyTags(kms, targetKeyId),
    ]);
    // Aliases have no tags: it is ours when its key has the owner that the wanted key has, or is gone.
    const owner = wants[OWNERSHIP_TAG];
    if (has === undefined || (owner !== undefined && has[OWNERSHIP_TAG] === owner)) return { id: name, ours: true };
    throw new BulkheadError({
      code: 'foreign_resource',
      status: 409,
      publicMessage: `KMS alias ${name} exists already and points to a key of another owner.`,
      remediation: 'Find out whose it is and remove it, then run again.',
    });
  },

  async create({ kms }, { name, targetKeyId }) {
    await kms.send(new CreateAliasCommand({ AliasName: name, TargetKeyId: targetKeyId }));
    return name;
  },

  async read({ kms, region }, id, { targetKeyId }) {
    const alias = await aliasOf(kms, id);
    if (alias === undefined) return undefined;
    const key = await absentAsUndefined(kms.send(new DescribeKeyCommand({ KeyId: alias.TargetKeyId ?? '' })));
    const arn = key?.KeyMetadata?.Arn ?? '';
    return {
      name: id,
      arn: alias.AliasArn ?? '',
      targetKeyArn: arn,
      // A program may name the key by its ARN or its id.
      targetKeyId: targetKeyId === arn ? arn : (alias.TargetKeyId ?? ''),
      region,
    };
  },

  async update({ kms }, id, { targetKeyId }, changed) {
    if (changed.has('targetKeyId')) await kms.send(new UpdateAliasCommand({ AliasName: id, TargetKeyId: targetKeyId }));
  },

  async delete({ kms }, id) {
    await absentAsUndefined(kms.send(new DeleteAliasCommand({ AliasName: id })));
  },
};

type Kms = AwsClients['kms'];

/** The key, unless it does not exist or waits for its deletion, which the real provider takes for deleted too. */
async function usableKey(kms: Kms, KeyId: string): Promise<KeyMetadata | undefined> {
  const key = (await absentAsUndefined(kms.send(new DescribeKeyCommand({ KeyId }))))?.KeyMetadata;
  return key?.KeyState?.startsWith('Pending') === true ? undefined : key;
}

async function aliasOf(kms: Kms, name: string) {
  for await (const page of paginateListAliases({ client: kms }, {})) {
    const alias = page.Aliases?.find(({ AliasName }) => AliasName === name);
    if (alias !== undefined) return alias;
  }
  return undefined;
}

async function keyTags(kms: Kms, KeyId: string): Promise<Tags> {
  const { Tags: list = [] } = await kms.send(new ListResourceTagsCommand({ KeyId, Limit: 50 }));
  return Object.fromEntries(list.map(({ TagKey = '', TagValue = '' }) => [TagKey, TagValue]));
}

async function setKeyTags(kms: Kms, KeyId: string, before: Tags | undefined, after: Tags | undefined): Promise<void> {
  const { set, remove } = tagChanges(before, after);
  if (remove.length > 0) await kms.send(new UntagResourceCommand({ KeyId, TagKeys: remove }));
  if (Object.keys(set).length > 0) await kms.send(new TagResourceCommand({ KeyId, Tags: kmsTags(set) }));
}

function kmsTags(tags: Tags | undefined): { TagKey: string; TagValue: string }[] {
  return Object.entries(tags ?? {}).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
}
