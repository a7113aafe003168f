import { LAYERS } from '@bulkhead/domain';
import { DRIFT_KINDS, UPSHOTS } from '@bulkhead/domain/drift';
import type { DriftFindingEntity, DriftRunEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

export const RUN_STATES = ['running', 'finished', 'failed'] as const;
export const FINDING_STATES = ['open', 'resolved'] as const;

export class ComparedStackView {
  @ApiProperty() stack!: string;
  @ApiProperty({ enum: ['compared', 'skipped', 'failed'], description: '`skipped`: a run is working on it.' })
  outcome!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Why it was not compared.' }) why!: string | null;
  @ApiProperty() findings!: number;
}

export class DriftRunView {
  @ApiProperty({ example: 'drf_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty() operationId!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Null for the whole fleet.' }) tenantId!: string | null;
  @ApiProperty({ enum: RUN_STATES }) state!: string;
  @ApiProperty({ type: [ComparedStackView] }) stacks!: readonly ComparedStackView[];
  @ApiProperty({ type: Number, nullable: true, description: 'Resources that nothing owns; null when it did not look.' })
  orphans!: number | null;
  @ApiProperty() requestedBy!: string;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) finishedAt!: string | null;
}

export class DriftRunPage {
  @ApiProperty({ type: [DriftRunView] }) data!: DriftRunView[];
  @ApiProperty() hasMore!: boolean;
}

export class DriftedPropertyView {
  @ApiProperty() path!: string;
  @ApiProperty({ type: String, nullable: true, description: 'JSON text, as the last run left it; secrets masked.' })
  before!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'As it is now.' }) after!: string | null;
}

export class DriftFindingView {
  @ApiProperty({ example: 'fnd_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty({ enum: FINDING_STATES }) state!: string;
  @ApiProperty({ enum: DRIFT_KINDS, description: '`orphan`: carries our tags, and no placement owns it.' })
  kind!: string;
  @ApiProperty({ description: 'Empty for an orphan whose tags name none.' }) stack!: string;
  @ApiProperty({ type: String, nullable: true }) tenantId!: string | null;
  @ApiProperty({ enum: LAYERS, type: String, nullable: true }) layer!: string | null;
  @ApiProperty({ example: 'aws:sqs/queue:Queue' }) type!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ description: 'URN; of an orphan its type and physical id.' }) resource!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Binding, cell or stack that it was made for.' })
  owner!: string | null;
  @ApiProperty({ description: 'Whether its loss is a loss of data.' }) stateful!: boolean;
  @ApiProperty({ type: [DriftedPropertyView] }) properties!: DriftedPropertyView[];
  @ApiProperty({ enum: UPSHOTS, description: 'What the next run of the stack would do to it by itself.' })
  upshot!: string;
  @ApiProperty({ format: 'date-time' }) firstSeenAt!: string;
  @ApiProperty({ format: 'date-time' }) lastSeenAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) resolvedAt!: string | null;
  @ApiProperty({ enum: ['gone', 'repaired', 'adopted'], type: String, nullable: true })
  resolution!: string | null;
}

export class DriftFindingPage {
  @ApiProperty({ type: [DriftFindingView] }) data!: DriftFindingView[];
  @ApiProperty() hasMore!: boolean;
}

export function viewRun(run: DriftRunEntity): DriftRunView {
  const { id, operationId, tenantId, state, stacks, orphans, requestedBy, createdAt, finishedAt } = run;
  const times = { createdAt: createdAt.toISOString(), finishedAt: finishedAt?.toISOString() ?? null };
  return { id, operationId, tenantId, state, stacks, orphans, requestedBy, ...times };
}

export function viewFinding(finding: DriftFindingEntity): DriftFindingView {
  const { id, kind, stack, tenantId, layer, type, name, resource, owner, stateful, upshot, resolution } = finding;
  const properties = finding.properties.map(({ path, before = null, after = null }) => ({ path, before, after }));
  return {
    ...{ id, state: finding.resolvedAt ? 'resolved' : 'open', kind, stack, tenantId, layer, type, name, resource },
    ...{ owner, stateful, properties, upshot, resolution },
    firstSeenAt: finding.firstSeenAt.toISOString(),
    lastSeenAt: finding.lastSeenAt.toISOString(),
    resolvedAt: finding.resolvedAt?.toISOString() ?? null,
  };
}
