import {
  CreateBackupPlanCommand,
  CreateBackupVaultCommand,
  DeleteBackupPlanCommand,
  DeleteBackupVaultCommand,
  DescribeBackupVaultCommand,
  GetBackupPlanCommand,
  ListTagsCommand,
  paginateListBackupPlans,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateBackupPlanCommand,
  type BackupRule,
  type BackupRuleInput,
} from '@aws-sdk/client-backup';
import { absentAsUndefined } from '../protocol/failure.js';
import { OWNERSHIP_TAG } from '../protocol/lifecycle.js';
import type { ResourceType, Rules } from '../protocol/resource-type.js';
import type { Json } from '../protocol/values.js';
import type { AwsClients } from './clients.js';
import { tagChanges, TAGS, type Tags } from './tags.js';

type Backup = AwsClients['backup'];

interface VaultInputs {
  readonly name: string;
  readonly kmsKeyArn?: string;
  readonly tags?: Tags;
}

/** terraform-provider-aws, internal/service/backup/vault.go `resourceVault`. */
export const backupVault: ResourceType<AwsClients, VaultInputs> = {
  token: 'aws:backup/vault:Vault',
  rules: {
    name: { required: true, replaces: true },
    kmsKeyArn: { computed: true, replaces: true },
    region: { computed: true, replaces: true },
    tags: TAGS,
  },
  computed: ['arn', 'recoveryPoints', 'tagsAll'],
  label: ({ name }) => `backup vault ${name}`,

  async find({ backup }, { name }) {
    const vault = await describeVault(backup, name);
    return vault === undefined
      ? undefined
      : { id: name, owner: (await backupTags(backup, vault.BackupVaultArn))[OWNERSHIP_TAG] };
  },

  async create({ backup }, { name, kmsKeyArn, tags }) {
    await backup.send(
      new CreateBackupVaultCommand({
        BackupVaultName: name,
        EncryptionKeyArn: kmsKeyArn,
        BackupVaultTags: { ...tags },
      }),
    );
    return name;
  },

  async read({ backup, region }, id) {
    const vault = await describeVault(backup, id);
    if (vault === undefined) return undefined;
    const tags = await backupTags(backup, vault.BackupVaultArn);
    return {
      name: id,
      arn: vault.BackupVaultArn ?? '',
      recoveryPoints: vault.NumberOfRecoveryPoints ?? 0,
      ...(vault.EncryptionKeyArn ? { kmsKeyArn: vault.EncryptionKeyArn } : {}),
      region,
      tags,
      tagsAll: tags,
    };
  },

  async update({ backup }, id, wanted, changed, current) {
    if (changed.has('tags'))
      await retag(backup, (await describeVault(backup, id))?.BackupVaultArn, current.tags, wanted.tags);
  },

  async delete({ backup }, id) {
    await absentAsUndefined(backup.send(new DeleteBackupVaultCommand({ BackupVaultName: id })));
  },
};

async function describeVault(backup: Backup, name: string) {
  return absentAsUndefined(backup.send(new DescribeBackupVaultCommand({ BackupVaultName: name })));
}

interface PlanRule {
  readonly ruleName: string;
  readonly targetVaultName: string;
  readonly schedule?: string;
  readonly startWindow?: number;
  readonly completionWindow?: number;
  readonly enableContinuousBackup?: boolean;
  readonly lifecycle?: { readonly coldStorageAfter?: number; readonly deleteAfter?: number };
}

interface PlanInputs {
  readonly name: string;
  readonly rules: readonly PlanRule[];
  readonly tags?: Tags;
}

const PLAN_RULE: Rules = {
  ruleName: {},
  targetVaultName: {},
  schedule: { fallback: '' },
  startWindow: { fallback: 60 },
  completionWindow: { fallback: 180 },
  enableContinuousBackup: { fallback: false },
  lifecycle: { fallback: {}, nested: { coldStorageAfter: { fallback: 0 }, deleteAfter: { fallback: 0 } } },
};

/** terraform-provider-aws, internal/service/backup/plan.go `resourcePlan`. Names need not be unique to AWS. */
export const backupPlan: ResourceType<AwsClients, PlanInputs> = {
  token: 'aws:backup/plan:Plan',
  rules: {
    name: { required: true, replaces: true },
    rules: { required: true, nested: PLAN_RULE },
    region: { computed: true, replaces: true },
    tags: TAGS,
  },
  computed: ['arn', 'tagsAll', 'version'],
  label: ({ name }) => `backup plan ${name}`,

  async find({ backup }, { name, tags }) {
    for await (const page of paginateListBackupPlans({ client: backup }, {})) {
      for (const plan of page.BackupPlansList ?? []) {
        if (plan.BackupPlanName !== name) continue;
        const owner = (await backupTags(backup, plan.BackupPlanArn))[OWNERSHIP_TAG];
        // A foreign plan of the same name is no obstacle: another one can be made beside it.
        if (owner !== undefined && owner === tags?.[OWNERSHIP_TAG]) return { id: plan.BackupPlanId ?? '', owner };
      }
    }
    return undefined;
  },

  async create({ backupWithoutRetry }, { name, rules, tags }) {
    const { BackupPlanId = '' } = await backupWithoutRetry.send(
      new CreateBackupPlanCommand({
        BackupPlan: { BackupPlanName: name, Rules: rules.map(ruleToAws) },
        BackupPlanTags: { ...tags },
      }),
    );
    return BackupPlanId;
  },

  async read({ backup, region }, id) {
    const plan = await absentAsUndefined(backup.send(new GetBackupPlanCommand({ BackupPlanId: id })));
    if (plan === undefined || plan.DeletionDate !== undefined) return undefined;
    const tags = await backupTags(backup, plan.BackupPlanArn);
    return {
      name: plan.BackupPlan?.BackupPlanName ?? '',
      arn: plan.BackupPlanArn ?? '',
      version: plan.VersionId ?? '',
      rules: (plan.BackupPlan?.Rules ?? []).map(ruleFromAws),
      region,
      tags,
      tagsAll: tags,
    };
  },

  async update({ backup }, id, wanted, changed, current) {
    if (changed.has('rules')) {
      const BackupPlan = { BackupPlanName: wanted.name, Rules: wanted.rules.map(ruleToAws) };
      await backup.send(new UpdateBackupPlanCommand({ BackupPlanId: id, BackupPlan }));
    }
    if (!changed.has('tags')) return;
    const { BackupPlanArn } = await backup.send(new GetBackupPlanCommand({ BackupPlanId: id }));
    await retag(backup, BackupPlanArn, current.tags, wanted.tags);
  },

  async delete({ backup }, id) {
    await absentAsUndefined(backup.send(new DeleteBackupPlanCommand({ BackupPlanId: id })));
  },
};

function ruleToAws(rule: PlanRule): BackupRuleInput {
  return {
    RuleName: rule.ruleName,
    TargetBackupVaultName: rule.targetVaultName,
    ScheduleExpression: rule.schedule,
    StartWindowMinutes: rule.startWindow ?? 60,
    CompletionWindowMinutes: rule.completionWindow ?? 180,
    EnableContinuousBackup: rule.enableContinuousBackup ?? false,
    Lifecycle: rule.lifecycle && {
      MoveToColdStorageAfterDays: rule.lifecycle.coldStorageAfter,
      DeleteAfterDays: rule.lifecycle.deleteAfter,
    },
  };
}

function ruleFromAws(rule: BackupRule): Json {
  return {
    ruleName: rule.RuleName ?? '',
    targetVaultName: rule.TargetBackupVaultName ?? '',
    schedule: rule.ScheduleExpression ?? '',
    startWindow: rule.StartWindowMinutes ?? 60,
    completionWindow: rule.CompletionWindowMinutes ?? 180,
    enableContinuousBackup: rule.EnableContinuousBackup ?? false,
    lifecycle: {
      coldStorageAfter: rule.Lifecycle?.MoveToColdStorageAfterDays ?? 0,
      deleteAfter: rule.Lifecycle?.DeleteAfterDays ?? 0,
    },
  };
}

async function backupTags(backup: Backup, arn: string | undefined): Promise<Tags> {
  return (await backup.send(new ListTagsCommand({ ResourceArn: arn }))).Tags ?? {};
}

async function retag(
  backup: Backup,
  arn: string | undefined,
  before: Tags | undefined,
  after: Tags | undefined,
): Promise<void> {
  const { set, remove } = tagChanges(before, after);
  if (remove.length > 0) await backup.send(new UntagResourceCommand({ ResourceArn: arn, TagKeyList: remove }));
  if (Object.keys(set).length > 0) await backup.send(new TagResourceCommand({ ResourceArn: arn, Tags: { ...set } }));
}
