import { FACT_NAMES, FACTS, LAYERS, type FactName, type FactValue } from '@bulkhead/domain';
import type { TenantFactEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';

const VALUE = { oneOf: [{ type: 'string' }, { type: 'integer' }, { type: 'boolean' }] };

/** A text, a whole number, or true or false; which of them, the fact decides. */
export function IsFactValue(): PropertyDecorator {
  return ValidateBy({
    name: 'isFactValue',
    validator: {
      validate: (value: unknown) =>
        (typeof value === 'string' && value.length <= 100) || typeof value === 'boolean' || Number.isSafeInteger(value),
      defaultMessage: () => 'value must be a text, a whole number, true or false',
    },
  });
}

export class FactView {
  @ApiProperty({ enum: FACT_NAMES }) name!: FactName;
  @ApiProperty({ description: 'What it is, in words.' }) title!: string;
  @ApiProperty(VALUE) value!: FactValue;
  @ApiProperty() source!: string;
  @ApiProperty({ format: 'date' }) observedOn!: string;
  @ApiProperty() recordedBy!: string;
  @ApiProperty({ format: 'date-time' }) recordedAt!: string;
}

export function viewFact(fact: TenantFactEntity): FactView {
  const { name, value, source, observedOn, recordedBy, recordedAt } = fact;
  return {
    name,
    title: FACTS[name].title,
    value,
    source,
    observedOn,
    recordedBy,
    recordedAt: recordedAt.toISOString(),
  };
}

export class FactList {
  @ApiProperty({ type: [FactView], description: 'Of each fact the latest.' }) data!: FactView[];
}

export class RuleView {
  @ApiProperty({ example: 'database.size' }) id!: string;
  @ApiProperty({ description: 'What the rule asks for.' }) says!: string;
  @ApiProperty() met!: boolean;
  @ApiProperty({ example: 'needs 3 more providers (has 47, at least 50 asked)' }) detail!: string;
}

export class LayerEligibilityView {
  @ApiProperty({ enum: LAYERS }) layer!: string;
  @ApiProperty() eligible!: boolean;
  @ApiProperty({ type: [RuleView] }) rules!: RuleView[];
}

export class EligibilityView {
  @ApiProperty({ example: 'dedicated-layers@1' }) policy!: string;
  @ApiProperty({ enum: ['clinic', 'practice', 'enterprise'] }) planKind!: string;
  @ApiProperty({ type: [LayerEligibilityView] }) layers!: LayerEligibilityView[];
  @ApiProperty({ type: [String], description: 'One sentence for each rule that is not met.' }) missing!: string[];
}

export class TierReasonView {
  @ApiProperty({ enum: LAYERS }) layer!: string;
  @ApiProperty({ enum: FACT_NAMES }) fact!: string;
  @ApiProperty() text!: string;
}

export class RecommendationView {
  @ApiProperty({ type: String, nullable: true, description: 'The smallest tier that answers every risk.' })
  tier!: string | null;
  @ApiProperty({ enum: LAYERS, isArray: true }) dedicatedLayers!: readonly string[];
  @ApiProperty({ type: [TierReasonView] }) reasons!: readonly TierReasonView[];
  @ApiProperty({ enum: FACT_NAMES, isArray: true, description: 'Not recorded; with them the answer may differ.' })
  unknown!: readonly string[];
}
