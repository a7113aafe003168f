import { OPERATION_STATES, type OperationState } from '@bulkhead/domain';
import type { OperationEntity, OperationStepEntity, StepState } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

export class FailureView {
  @ApiProperty() code!: string;
  @ApiProperty() message!: string;
  @ApiProperty() remediation!: string;
}

export class StepView {
  @ApiProperty({ example: 'register_pooled_layers' }) name!: string;
  @ApiProperty({ description: 'Place in the order, from 1.' }) ordinal!: number;
  @ApiProperty({ enum: ['pending', 'running', 'waiting', 'succeeded', 'failed', 'compensated'] }) state!: StepState;
  @ApiProperty({ description: 'How often it has been tried.' }) attempt!: number;
  @ApiProperty({ type: String, nullable: true, description: 'What it waits for.' }) waitingFor!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Last line of progress.' }) detail!: string | null;
  @ApiProperty({ type: FailureView, nullable: true }) error!: FailureView | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) startedAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) finishedAt!: string | null;
}

export class OperationView {
  @ApiProperty({ example: 'op_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty({ example: 'tenant.onboard' }) kind!: string;
  @ApiProperty({ type: String, nullable: true }) tenantId!: string | null;
  @ApiProperty({ description: 'What it changes; one operation at a time may.' }) subjectId!: string;
  @ApiProperty({ enum: OPERATION_STATES }) state!: OperationState;
  @ApiProperty({ type: FailureView, nullable: true }) error!: FailureView | null;
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, description: 'The receipt.' })
  result!: object | null;
  @ApiProperty() requestedBy!: string;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) finishedAt!: string | null;
}

export class OperationDetail extends OperationView {
  @ApiProperty({ type: [StepView] }) steps!: StepView[];
}

export class OperationPage {
  @ApiProperty({ type: [OperationView] }) data!: OperationView[];
  @ApiProperty() hasMore!: boolean;
}

export function viewOperation(operation: OperationEntity): OperationView {
  const { id, kind, tenantId, subjectId, state, error, result, requestedBy } = operation;
  const times = {
    createdAt: operation.createdAt.toISOString(),
    finishedAt: operation.finishedAt?.toISOString() ?? null,
  };
  return { id, kind, tenantId, subjectId, state, error, result, requestedBy, ...times };
}

export function viewStep(step: OperationStepEntity): StepView {
  const { name, ordinal, state, attempt, waitingFor, detail, error } = step;
  const times = {
    startedAt: step.startedAt?.toISOString() ?? null,
    finishedAt: step.finishedAt?.toISOString() ?? null,
  };
  return { name, ordinal, state, attempt, waitingFor, detail, error, ...times };
}
