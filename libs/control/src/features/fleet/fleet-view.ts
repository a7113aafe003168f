import { ISOLATIONS, LAYERS, REGIONS } from '@bulkhead/domain';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Matches, Max, Min } from 'class-validator';
import { MayBeAbsent } from '../../http/index.js';

/** `roster.rst_…`, `landing-zone.us-east-1`. */
const STACK = /^[a-z-]{1,32}\.[a-z0-9_-]{1,64}$/;

/** States are large: a page of stacks is short. */
export class ListFleetStacksQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: 50, default: 10 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(50)
  limit: number = 10;

  @ApiPropertyOptional({ description: 'Name of the last stack of the previous page.', pattern: STACK.source })
  @MayBeAbsent()
  @Matches(STACK, { message: 'starting_after must be the name of a stack' })
  starting_after?: string;
}

export class FleetStackView {
  @ApiProperty({ example: 'dedicated-tenant.stk_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) stack!: string;
  @ApiProperty({
    type: Object,
    additionalProperties: true,
    description: 'Program and specification: what the next run applies.',
  })
  request!: object;
  @ApiProperty({ type: [String] }) tenantIds!: string[];
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Digest of the specification and code that the state was made from; null when the last run failed.',
  })
  appliedDigest!: string | null;
  @ApiProperty({
    type: Object,
    additionalProperties: true,
    nullable: true,
    description: 'Resources of the last run’s state with every secret replaced; null before the first run has ended.',
  })
  state!: object | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) recordedAt!: string | null;
}

export class FleetStackPage {
  @ApiProperty({ type: [FleetStackView] }) data!: FleetStackView[];
  @ApiProperty() hasMore!: boolean;
}

export class FleetTierView {
  @ApiProperty() name!: string;
  @ApiProperty() version!: number;
}

export class FleetBindingView {
  @ApiProperty() bindingId!: string;
  @ApiProperty({ enum: LAYERS }) layer!: string;
  @ApiProperty({ enum: ISOLATIONS }) isolation!: string;
  @ApiProperty({ type: String, nullable: true }) cellId!: string | null;
  @ApiProperty({ type: String, nullable: true }) rosterId!: string | null;
  @ApiProperty({ type: String, nullable: true }) stackId!: string | null;
}

export class FleetTenantView {
  @ApiProperty() id!: string;
  @ApiProperty() slug!: string;
  @ApiProperty({ enum: REGIONS }) region!: string;
  @ApiProperty({ type: FleetTierView }) tier!: FleetTierView;
  @ApiProperty({ type: [FleetBindingView] }) bindings!: FleetBindingView[];
}

export class ApprovedLossItem {
  @ApiProperty() urn!: string;
  @ApiProperty({ enum: ['replace', 'delete'] }) operation!: string;
  @ApiProperty({ type: String, nullable: true }) layer!: string | null;
  @ApiProperty() digest!: string;
}

export class ApprovedLossView {
  @ApiProperty({ example: 'chg_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty() stack!: string;
  @ApiProperty({ type: String, nullable: true }) tenantId!: string | null;
  @ApiProperty({ type: [ApprovedLossItem] }) losses!: ApprovedLossItem[];
  @ApiProperty({ format: 'date-time' }) expiresAt!: string;
}

export class ApprovedLossPage {
  @ApiProperty({ type: [ApprovedLossView] }) data!: ApprovedLossView[];
  @ApiProperty() hasMore!: boolean;
}

export class FleetTenantPage {
  @ApiProperty({ type: [FleetTenantView] }) data!: FleetTenantView[];
  @ApiProperty() hasMore!: boolean;
}
