import {
  CLOUD_QUOTAS,
  CURRENCIES,
  ISOLATIONS,
  LAYERS,
  SERVICE_CLASSES,
  type Isolation,
  type Layer,
} from '@bulkhead/domain';
import { QUOTED_KINDS } from '@bulkhead/domain/change-requests';
import type { QuoteEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

class MoneyView {
  @ApiProperty({ description: 'Minor units of the currency (cents for USD).' }) amountMinor!: number;
  @ApiProperty({ enum: CURRENCIES }) currency!: string;
}

class QuotedVersionView {
  @ApiProperty() name!: string;
  @ApiProperty() version!: number;
}

class RetentionView {
  @ApiProperty() backupDays!: number;
  @ApiProperty() objectVersionDays!: number;
  @ApiProperty() logDays!: number;
}

class QuotedOfferView {
  @ApiProperty({ type: QuotedVersionView }) tier!: QuotedVersionView;
  @ApiProperty({ type: QuotedVersionView }) plan!: QuotedVersionView;
  @ApiProperty() quantity!: number;
  @ApiProperty({
    type: 'object',
    properties: Object.fromEntries(LAYERS.map((layer) => [layer, { type: 'string', enum: [...ISOLATIONS] }])),
    required: [...LAYERS],
  })
  layers!: Readonly<Record<Layer, Isolation>>;
  @ApiProperty({ enum: SERVICE_CLASSES }) serviceClass!: string;
  @ApiProperty({ type: RetentionView }) retention!: RetentionView;
  @ApiProperty({ type: [String] }) modules!: readonly string[];
  @ApiProperty({ type: 'object', additionalProperties: { type: 'number' } }) quotas!: object;
  @ApiProperty({ type: MoneyView, description: 'Price of one interval.' }) price!: MoneyView;
  @ApiProperty({ enum: ['month', 'year'] }) interval!: string;
  @ApiProperty({ type: MoneyView }) monthlyPrice!: MoneyView;
}

class QuotaDifferenceView {
  @ApiProperty() name!: string;
  @ApiProperty() from!: number;
  @ApiProperty() to!: number;
}

class LayerChangeView {
  @ApiProperty({ enum: LAYERS }) layer!: string;
  @ApiProperty({ enum: ISOLATIONS }) from!: string;
  @ApiProperty({ enum: ISOLATIONS }) to!: string;
}

class DifferenceView {
  @ApiProperty({ type: [String] }) modulesAdded!: readonly string[];
  @ApiProperty({ type: [String] }) modulesRemoved!: readonly string[];
  @ApiProperty({ type: [QuotaDifferenceView] }) quotas!: readonly QuotaDifferenceView[];
  @ApiProperty({ type: [LayerChangeView] }) layers!: readonly LayerChangeView[];
  @ApiProperty({ type: MoneyView, description: 'By how much a year’s price changes.' }) yearlyPrice!: MoneyView;
}

class QuotedRuleView {
  @ApiProperty({ enum: LAYERS }) layer!: string;
  @ApiProperty() id!: string;
  @ApiProperty() says!: string;
  @ApiProperty() met!: boolean;
  @ApiProperty() detail!: string;
}

class QuotedEligibilityView {
  @ApiProperty({ type: QuotedVersionView }) policy!: QuotedVersionView;
  @ApiProperty({ type: [QuotedRuleView] }) rules!: readonly QuotedRuleView[];
}

class PeriodView {
  @ApiProperty({ format: 'date' }) periodStart!: string;
  @ApiProperty({ format: 'date' }) periodEnd!: string;
  @ApiProperty() wholeDays!: number;
}

class CreditLineView {
  @ApiProperty({ enum: ['licence', 'platform-fee'] }) code!: string;
  @ApiProperty({ type: MoneyView }) amount!: MoneyView;
}

class CreditView {
  @ApiProperty({ format: 'date' }) periodStart!: string;
  @ApiProperty({ type: MoneyView }) amount!: MoneyView;
  @ApiProperty({ type: [CreditLineView] }) lines!: readonly CreditLineView[];
}

class ProrationView {
  @ApiProperty({ format: 'date' }) changesOn!: string;
  @ApiProperty({ type: PeriodView, description: 'Period of the present plan that runs on that day.' })
  period!: PeriodView;
  @ApiProperty({ type: MoneyView }) invoiced!: MoneyView;
  @ApiProperty({ type: MoneyView }) used!: MoneyView;
  @ApiProperty({ type: CreditView, description: 'Given back; with `used` it is what was invoiced.' })
  credit!: CreditView;
  @ApiProperty({ type: MoneyView }) firstInvoice!: MoneyView;
  @ApiProperty({ type: MoneyView, description: 'First invoice less the credit.' }) dueFirst!: MoneyView;
}

class MarginView {
  @ApiProperty({ type: MoneyView }) monthly!: MoneyView;
  @ApiProperty({ type: Number, nullable: true, description: 'Hundredths of a percent of the price.' })
  basisPoints!: number | null;
}

class LayerCostView {
  @ApiProperty({ enum: LAYERS }) layer!: string;
  @ApiProperty({ enum: ISOLATIONS }) isolation!: string;
  @ApiProperty({ type: MoneyView }) monthly!: MoneyView;
}

class CostView {
  @ApiProperty({ enum: [true], description: 'Always: it is no bill.' }) estimate!: boolean;
  @ApiProperty({ type: QuotedVersionView }) priceTable!: QuotedVersionView;
  @ApiProperty({ format: 'date' }) pricesAsOf!: string;
  @ApiProperty({ type: [LayerCostView] }) layers!: readonly LayerCostView[];
  @ApiProperty({ type: MoneyView }) monthly!: MoneyView;
  @ApiProperty({ type: MarginView }) margin!: MarginView;
}

class PauseView {
  @ApiProperty() typical!: number;
  @ApiProperty() most!: number;
}

class MoveView {
  @ApiProperty({ type: PauseView, description: 'How long writes wait, milliseconds.' }) writePauseMs!: PauseView;
  @ApiProperty({ type: Number, nullable: true, description: 'Null when the amount of data is not recorded.' })
  durationSeconds!: number | null;
}

class ComparedModelView {
  @ApiProperty({ example: 'single-tenant' }) model!: string;
  @ApiProperty({ type: MoneyView }) monthlyCost!: MoneyView;
  @ApiProperty({ type: MoneyView }) yearlyCost!: MoneyView;
  @ApiProperty({ type: MarginView }) margin!: MarginView;
  @ApiProperty() eligible!: boolean;
  @ApiProperty({ description: 'Whether the quoted plan is sold with it.' }) offered!: boolean;
}

class QuotedReasonView {
  @ApiProperty({ enum: LAYERS }) layer!: string;
  @ApiProperty() fact!: string;
  @ApiProperty() text!: string;
}

class QuotedRecommendationView {
  @ApiProperty({ type: String, nullable: true }) tier!: string | null;
  @ApiProperty({ enum: LAYERS, isArray: true }) dedicatedLayers!: readonly string[];
  @ApiProperty({ type: [QuotedReasonView] }) reasons!: readonly QuotedReasonView[];
  @ApiProperty({ type: [String] }) unknown!: readonly string[];
}

class ApprovalRuleView {
  @ApiProperty({ minimum: 1, maximum: 2 }) approvals!: number;
  @ApiProperty({ type: [String] }) reasons!: readonly string[];
}

export class QuotedQuotaView {
  @ApiProperty({ enum: CLOUD_QUOTAS }) quota!: string;
  @ApiProperty() limit!: number;
  @ApiProperty({ description: 'In the account when somebody last looked.' }) used!: number;
  @ApiProperty({ description: 'Approved or being made, and not counted as used yet.' }) promised!: number;
  @ApiProperty({ description: 'What this change takes.' }) needed!: number;
  @ApiProperty() left!: number;
  @ApiProperty() enough!: boolean;
  @ApiProperty({ example: '12 of 40 RDS instances left; 2 promised' }) says!: string;
  @ApiProperty({ format: 'date-time' }) observedAt!: string;
}

export class QuoteView {
  @ApiProperty({ example: 'quo_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty({ description: 'SHA-256 of quote and expiry: what approvals and applying name.' }) hash!: string;
  @ApiProperty() tenantId!: string;
  @ApiProperty({ enum: QUOTED_KINDS }) kind!: string;
  @ApiProperty({ description: 'Takes away what cannot simply be given back.' }) destructive!: boolean;
  @ApiProperty({ format: 'date' }) effectiveOn!: string;
  @ApiProperty({ type: QuotedOfferView }) from!: QuotedOfferView;
  @ApiProperty({ type: QuotedOfferView }) to!: QuotedOfferView;
  @ApiProperty({ type: DifferenceView }) difference!: DifferenceView;
  @ApiProperty() eligible!: boolean;
  @ApiProperty({ type: QuotedEligibilityView }) eligibility!: QuotedEligibilityView;
  @ApiProperty({
    type: [QuotedQuotaView],
    description: 'What the cloud account has left of what the change needs; empty where nobody has looked yet.',
  })
  cloudQuotas!: readonly QuotedQuotaView[];
  @ApiProperty({ type: ProrationView }) proration!: ProrationView;
  @ApiProperty({ type: CostView }) cost!: CostView;
  @ApiProperty({ type: MoveView }) move!: MoveView;
  @ApiProperty({ type: [ComparedModelView] }) comparison!: readonly ComparedModelView[];
  @ApiProperty({ type: QuotedRecommendationView }) recommendation!: QuotedRecommendationView;
  @ApiProperty({ type: ApprovalRuleView }) approval!: ApprovalRuleView;
  @ApiProperty() createdBy!: string;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
  @ApiProperty({ format: 'date-time' }) expiresAt!: string;
}

export function viewQuote({ id, hash, document, createdBy, createdAt, expiresAt }: QuoteEntity): QuoteView {
  // Quotes of earlier releases say nothing of it.
  const cloudQuotas = (document as Partial<typeof document>).cloudQuotas ?? [];
  return {
    id,
    hash,
    ...document,
    cloudQuotas,
    createdBy,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}
