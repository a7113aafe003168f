import { CHANGE_KINDS, CHANGE_STATES } from '@bulkhead/domain/change-requests';
import type { ChangeDecisionEntity, ChangeRequestEntity, QuoteEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';
import { RemedyView, viewRemedy } from './remedy-view.js';
import { StateLossWishView, viewStateLoss } from './state-loss-view.js';

export class DecisionView {
  @ApiProperty() decidedBy!: string;
  @ApiProperty({ enum: ['approve', 'reject'] }) decision!: string;
  @ApiProperty({ type: String, nullable: true }) note!: string | null;
  @ApiProperty({ format: 'date-time' }) decidedAt!: string;
}

export class QuoteReference {
  @ApiProperty() id!: string;
  @ApiProperty({ description: 'What approvals and applying name.' }) hash!: string;
  @ApiProperty({ format: 'date-time' }) expiresAt!: string;
}

export class ChangeFailureView {
  @ApiProperty() code!: string;
  @ApiProperty() message!: string;
  @ApiProperty() remediation!: string;
}

export class ChangeView {
  @ApiProperty({ example: 'chg_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Null for what a shared stack holds.' })
  tenantId!: string | null;
  @ApiProperty({ enum: CHANGE_KINDS }) kind!: string;
  @ApiProperty({ enum: CHANGE_STATES }) state!: string;
  @ApiProperty() reason!: string;
  @ApiProperty({ description: 'What approvals name: the hash of the quote, or of what is asked for.' }) hash!: string;
  @ApiProperty({ format: 'date-time' }) expiresAt!: string;
  @ApiProperty({ type: String, format: 'date', nullable: true }) effectiveOn!: string | null;
  @ApiProperty({ type: QuoteReference, nullable: true }) quote!: QuoteReference | null;
  @ApiProperty({ type: StateLossWishView, nullable: true, description: 'What would be lost; of the kind state-loss.' })
  loss!: StateLossWishView | null;
  @ApiProperty({
    type: RemedyView,
    nullable: true,
    description: 'What would be done about drift; of the kinds drift-…',
  })
  remedy!: RemedyView | null;
  @ApiProperty({ description: 'Different people that must approve.' }) approvalsNeeded!: number;
  @ApiProperty({ type: [String], description: 'Why so many.' }) approvalReasons!: readonly string[];
  @ApiProperty({ type: [DecisionView] }) decisions!: DecisionView[];
  @ApiProperty() requestedBy!: string;
  @ApiProperty({ type: String, nullable: true }) contactEmail!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'The operation that carries it out.' })
  operationId!: string | null;
  @ApiProperty({ type: ChangeFailureView, nullable: true, description: 'Why the last attempt to apply it failed.' })
  failure!: ChangeFailureView | null;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) closedAt!: string | null;
}

export class ChangePage {
  @ApiProperty({ type: [ChangeView] }) data!: ChangeView[];
  @ApiProperty() hasMore!: boolean;
}

export function viewChange(
  change: ChangeRequestEntity,
  quote: QuoteEntity | null,
  decisions: readonly ChangeDecisionEntity[],
): ChangeView {
  const { id, tenantId, kind, state, reason, approvalsNeeded, requestedBy, contactEmail, operationId, failure } =
    change;
  return {
    ...{ id, tenantId, kind, state, reason, approvalsNeeded, requestedBy, contactEmail, operationId, failure },
    ...whatItSays(change, quote),
    decisions: decisions.map(viewDecision).toSorted((a, b) => (a.decidedAt < b.decidedAt ? -1 : 1)),
    createdAt: change.createdAt.toISOString(),
    closedAt: change.closedAt?.toISOString() ?? null,
  };
}

/** The row says one of both, see the table. */
function whatItSays({ document, hash, expiresAt }: ChangeRequestEntity, quote: QuoteEntity | null) {
  if (quote) {
    const { effectiveOn, approval } = quote.document;
    const reference = { hash: quote.hash, expiresAt: quote.expiresAt.toISOString() };
    return {
      ...reference,
      effectiveOn,
      quote: { id: quote.id, ...reference },
      ...{ loss: null, remedy: null },
      approvalReasons: approval.reasons,
    };
  }
  const reference = { hash: hash ?? '', expiresAt: expiresAt?.toISOString() ?? '', quote: null };
  if (document && 'remedy' in document) {
    const { effectiveOn, reasons } = document;
    return { ...reference, effectiveOn, loss: null, remedy: viewRemedy(document), approvalReasons: reasons };
  }
  const loss = document && viewStateLoss(document);
  return { ...reference, effectiveOn: null, loss, remedy: null, approvalReasons: ['it deletes what holds data'] };
}

function viewDecision({ decidedBy, decision, note, decidedAt }: ChangeDecisionEntity): DecisionView {
  return { decidedBy, decision, note, decidedAt: decidedAt.toISOString() };
}
