import { AUDIT_ACTOR_KINDS } from '@bulkhead/domain/audit';
import type { AuditEvent } from '@bulkhead/store';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsUUID, Matches, Max, Min } from 'class-validator';
import { MayBeAbsent } from '../../http/index.js';

export class ListAuditEventsQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 100;

  @ApiPropertyOptional({ minimum: 0, description: 'Index of the last event of the previous page.' })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  starting_after?: number;

  @ApiPropertyOptional({ description: 'Tenant id.' })
  @MayBeAbsent()
  @Matches(/^ten_[0-9a-f]{32}$/, { message: 'tenant must be a tenant id' })
  tenant?: string;

  @ApiPropertyOptional({ description: 'Operation id.' })
  @MayBeAbsent()
  @Matches(/^op_[0-9a-f]{32}$/, { message: 'operation must be an operation id' })
  operation?: string;

  @ApiPropertyOptional({ description: 'Id of an entry.' })
  @MayBeAbsent()
  @IsUUID()
  entry?: string;

  @ApiPropertyOptional({ example: 'tenant.create' })
  @MayBeAbsent()
  @Matches(/^[a-z_]+(\.[a-z_]+)+$/, { message: 'action must look like tenant.create' })
  action?: string;
}

export class InclusionQuery {
  @ApiProperty({ minimum: 0 })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  index!: number;

  @ApiPropertyOptional({ minimum: 1, description: 'Size of the log that the proof is for; the newest by default.' })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  size?: number;
}

export class ConsistencyQuery {
  @ApiProperty({ minimum: 0 })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  first!: number;

  @ApiProperty({ minimum: 0 })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  second!: number;
}

export class ExportQuery {
  @ApiPropertyOptional({ minimum: 0, default: 0 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  from?: number;

  @ApiPropertyOptional({ minimum: 0, description: 'Not included; everything up to the newest checkpoint by default.' })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  to?: number;
}

export class AuditActorView {
  @ApiProperty({ enum: AUDIT_ACTOR_KINDS }) kind!: string;
  @ApiProperty() id!: string;
  @ApiProperty({ type: [String] }) roles!: string[];
}

export class AuditSubjectView {
  @ApiProperty({ example: 'tenant' }) kind!: string;
  @ApiProperty() id!: string;
}

export class AuditEventView {
  @ApiProperty({ description: 'Place in the log, from 0.' }) index!: number;
  @ApiProperty() id!: string;
  @ApiProperty({ format: 'date-time' }) occurredAt!: string;
  @ApiProperty({ type: AuditActorView }) actor!: AuditActorView;
  @ApiProperty({ example: 'tenant.create' }) action!: string;
  @ApiProperty({ enum: ['accepted', 'refused', 'completed', 'failed', 'cancelled', 'granted', 'denied'] })
  outcome!: string;
  @ApiProperty({ type: AuditSubjectView, nullable: true }) subject!: AuditSubjectView | null;
  @ApiProperty({ type: String, nullable: true }) tenantId!: string | null;
  @ApiProperty({ type: String, nullable: true }) operationId!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Code of the refusal or failure.' }) code!: string | null;
  @ApiProperty({ type: 'object', additionalProperties: true }) details!: object;
  @ApiProperty({ type: String, nullable: true }) requestId!: string | null;
}

export class AuditEventPage {
  @ApiProperty({ type: [AuditEventView] }) data!: AuditEventView[];
  @ApiProperty() hasMore!: boolean;
}

export function viewEvent(event: AuditEvent): AuditEventView {
  return { ...event, actor: { ...event.actor, roles: [...event.actor.roles] } };
}

export class CheckpointView {
  @ApiProperty() size!: number;
  @ApiProperty({ description: 'Root hash, base64.' }) root!: string;
  @ApiProperty({ description: 'The signed note.' }) note!: string;
  @ApiProperty({ format: 'date-time' }) signedAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) anchoredAt!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Where it lies outside the database.' }) anchorRef!:
    | string
    | null;
}

export class InclusionProofView {
  @ApiProperty() index!: number;
  @ApiProperty() size!: number;
  @ApiProperty({ description: 'Base64.' }) leafHash!: string;
  @ApiProperty({ description: 'Base64.' }) root!: string;
  @ApiProperty({ type: [String], description: 'Base64.' }) hashes!: string[];
}

export class ConsistencyProofView {
  @ApiProperty() first!: number;
  @ApiProperty() second!: number;
  @ApiProperty({ type: [String], description: 'Base64.' }) hashes!: string[];
}
