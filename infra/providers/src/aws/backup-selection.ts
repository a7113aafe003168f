import {
  CreateBackupSelectionCommand,
  DeleteBackupSelectionCommand,
  GetBackupSelectionCommand,
  paginateListBackupSelections,
  type ConditionType,
} from '@aws-sdk/client-backup';
import { absentAsUndefined } from '../protocol/failure.js';
import type { ResourceType } from '../protocol/resource-type.js';
import type { AwsClients } from './clients.js';

interface SelectionInputs {
  readonly name: string;
  readonly planId: string;
  readonly iamRoleArn: string;
  readonly resources?: string[];
  readonly selectionTags?: readonly { readonly type: ConditionType; readonly key: string; readonly value: string }[];
}

/** terraform-provider-aws, internal/service/backup/selection.go `resourceSelection`. Every change is a new selection. */
export const backupSelection: ResourceType<AwsClients, SelectionInputs> = {
  token: 'aws:backup/selection:Selection',
  rules: {
    name: { required: true, replaces: true },
    planId: { required: true, replaces: true },
    iamRoleArn: { required: true, replaces: true },
    resources: { fallback: [], compareAs: 'set', replaces: true },
    selectionTags: { fallback: [], compareAs: 'set', replaces: true, nested: { type: {}, key: {}, value: {} } },
    region: { computed: true, replaces: true },
  },
  computed: [],
  label: ({ name }) => `backup selection ${name}`,

  async find({ backup }, { name, planId }) {
    for await (const page of paginateListBackupSelections({ client: backup }, { BackupPlanId: planId })) {
      const found = page.BackupSelectionsList?.find(({ SelectionName }) => SelectionName === name);
      // A selection has no tags; its plan does, and that one is ours.
      if (found !== undefined) return { id: found.SelectionId ?? '', ours: true };
    }
    return undefined;
  },

  async create({ backupWithoutRetry }, { name, planId, iamRoleArn, resources, selectionTags }) {
    const { SelectionId = '' } = await backupWithoutRetry.send(
      new CreateBackupSelectionCommand({
        BackupPlanId: planId,
        BackupSelection: {
          SelectionName: name,
          IamRoleArn: iamRoleArn,
          Resources: resources,
          ListOfTags: selectionTags?.map(({ type, key, value }) => ({
            ConditionType: type,
            ConditionKey: key,
            ConditionValue: value,
          })),
        },
      }),
    );
    return SelectionId;
  },

  async read({ backup, region }, id, known) {
    const [planId, SelectionId] = selectionPath(id, known.planId);
    if (planId === undefined) return undefined;
    const found = await absentAsUndefined(
      backup.send(new GetBackupSelectionCommand({ BackupPlanId: planId, SelectionId })),
    );
    const selection = found?.BackupSelection;
    if (selection === undefined) return undefined;
    return {
      name: selection.SelectionName ?? '',
      planId,
      iamRoleArn: selection.IamRoleArn ?? '',
      resources: selection.Resources ?? [],
      selectionTags: (selection.ListOfTags ?? []).map(
        ({ ConditionType = '', ConditionKey = '', ConditionValue = '' }) => ({
          type: ConditionType,
          key: ConditionKey,
          value: ConditionValue,
        }),
      ),
      region,
    };
  },

  async update() {
    // Every property makes a new selection, so there is nothing to change in place.
  },

  async delete({ backup }, id, known) {
    const [BackupPlanId, SelectionId] = selectionPath(id, known.planId);
    await absentAsUndefined(backup.send(new DeleteBackupSelectionCommand({ BackupPlanId, SelectionId })));
  },
};

/** Plan and selection. An imported selection is named `plan|selection`, as for the real provider. */
function selectionPath(id: string, planId: string | undefined): [string | undefined, string] {
  const [plan = '', selection] = id.split('|');
  return selection === undefined ? [planId, id] : [plan, selection];
}
