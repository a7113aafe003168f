import { LAYERS, type Layer } from '@bulkhead/domain';
import type { StateLossWish } from '@bulkhead/domain/fleet';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn, Length, Matches, ValidateIf } from 'class-validator';

export const LOSS_OPERATIONS = ['replace', 'delete'] as const;

/** One resource of a plan that would be lost, as the plan says it; also what a body holds. */
export class StateLossView {
  @ApiProperty({ minLength: 1, maxLength: 500, example: 'urn:pulumi:…::aws:rds/instance:Instance::database-instance' })
  @Length(1, 500)
  @Matches(/^urn:pulumi:[^\p{Cc}]+$/u, { message: 'urn must be the URN of a resource' })
  urn!: string;

  @ApiProperty({ enum: LOSS_OPERATIONS })
  @IsIn(LOSS_OPERATIONS)
  operation!: (typeof LOSS_OPERATIONS)[number];

  @ApiProperty({ type: String, enum: [...LAYERS, null], nullable: true })
  @ValidateIf(({ layer }: StateLossView) => layer !== null)
  @IsIn(LAYERS)
  layer!: Layer | null;

  @ApiProperty({
    pattern: '^sha256:[0-9a-f]{64}$',
    description: 'Of the loss as it was previewed, its cause included.',
  })
  @Matches(/^sha256:[0-9a-f]{64}$/, { message: 'digest must be that of the loss in the plan' })
  digest!: string;
}

export class StateLossWishView {
  @ApiProperty() stack!: string;
  @ApiProperty({ type: [StateLossView] }) losses!: StateLossView[];
  @ApiProperty({ description: 'Hash of the fleet plan that showed it.' }) planHash!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Commit that the plan was made from.' })
  head!: string | null;
}

export function viewStateLoss({ stack, losses, planHash, head }: StateLossWish): StateLossWishView {
  return {
    stack,
    losses: losses.map(({ urn, operation, layer, digest }) => ({ urn, operation, layer, digest })),
    planHash,
    head,
  };
}
