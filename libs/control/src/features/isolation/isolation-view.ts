import type { IsolationProofEntity, IsolationProofState } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

const STATES = ['running', 'green', 'findings', 'void', 'failed'] as const;

export class IsolationProofView {
  @ApiProperty({ example: 'prf_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty() operationId!: string;
  @ApiProperty({
    enum: STATES,
    description: '`void`: the proof did not see enough, or missed the leak that it planted itself; it proves nothing.',
  })
  state!: IsolationProofState;
  @ApiProperty({ type: String, nullable: true, description: 'SHA-256 of the report as canonical JSON (RFC 8785).' })
  digest!: string | null;
  @ApiProperty() requestedBy!: string;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) finishedAt!: string | null;
}

export class IsolationFindingView {
  @ApiProperty({ example: 'rls_missing' }) rule!: string;
  @ApiProperty({ enum: ['critical', 'high', 'medium', 'note'] }) severity!: string;
  @ApiProperty({ description: 'Cell, binding, stack or service.' }) target!: string;
  @ApiProperty({ example: 'app.visit' }) object!: string;
  @ApiProperty() cause!: string;
  @ApiProperty() detail!: string;
  @ApiProperty({ description: '`static`, or the probe that showed it.', example: 'probe:read' }) shown!: string;
  @ApiProperty() remedy!: string;
}

export class IsolationCheckView {
  @ApiProperty() name!: string;
  @ApiProperty({ description: 'How many things it looked at.' }) looked!: number;
}

export class IsolationTargetView {
  @ApiProperty() target!: string;
  @ApiProperty({ enum: ['database', 'routes', 'holdings', 'service'] }) kind!: string;
  @ApiProperty({ type: [IsolationCheckView] }) checks!: readonly IsolationCheckView[];
  @ApiProperty({ type: [IsolationFindingView] }) findings!: readonly IsolationFindingView[];
  @ApiProperty({ type: [String], description: 'Why this part proves nothing; empty when it is sound.' })
  voids!: readonly string[];
}

export class IsolationReportView {
  @ApiProperty({ enum: [1] }) version!: number;
  @ApiProperty({ enum: ['live', 'copy'] }) mode!: string;
  @ApiProperty({ format: 'date-time' }) startedAt!: string;
  @ApiProperty({ format: 'date-time' }) finishedAt!: string;
  @ApiProperty({ enum: ['green', 'findings', 'void'] }) verdict!: string;
  @ApiProperty({ type: [IsolationTargetView] }) targets!: readonly IsolationTargetView[];
}

export class IsolationProofDetail extends IsolationProofView {
  @ApiProperty({ type: IsolationReportView, nullable: true }) report!: IsolationReportView | null;
  @ApiProperty({ type: String, nullable: true, description: 'The note that signs the digest (C2SP signed note).' })
  note!: string | null;
}

export class IsolationProofPage {
  @ApiProperty({ type: [IsolationProofView] }) data!: IsolationProofView[];
  @ApiProperty() hasMore!: boolean;
}

export function viewProof(proof: IsolationProofEntity): IsolationProofView {
  const { id, operationId, state, digest, requestedBy, createdAt, finishedAt } = proof;
  const times = { createdAt: createdAt.toISOString(), finishedAt: finishedAt?.toISOString() ?? null };
  return { id, operationId, state, digest, requestedBy, ...times };
}

export function viewProofDetail(proof: IsolationProofEntity): IsolationProofDetail {
  return { ...viewProof(proof), report: proof.report, note: proof.note };
}
