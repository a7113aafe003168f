import { BulkheadError, newId, type ChangeId, type QuoteId, type Redacted } from '@bulkhead/kernel';
import { ChangeRequestEntity, requireCloudQuotas, UnitOfWork, violates, type QuoteEntity } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, Length, Matches, MaxLength } from 'class-validator';
import type { EntityManager } from 'typeorm';
import { Gated, principalName, type Principal } from '../../gate/index.js';
import { MayBeAbsent } from '../../http/absent.js';
import { announce, personOf } from './change-rows.js';
import { viewChange, type ChangeView } from './change-view.js';
import { gainedLayers, loadQuote, quoteOutdated, requireEligible, storeQuote } from './create-quote.js';
import { loadPresent, type ChangeTarget } from './quote-grounds.js';

export class RequestChangeBody {
  @ApiProperty({ pattern: '^quo_[0-9a-f]{32}$' })
  @Matches(/^quo_[0-9a-f]{32}$/, { message: 'quoteId must be a quote id' })
  quoteId!: QuoteId;

  @ApiProperty({ pattern: '^[0-9a-f]{64}$', description: 'Hash of the quote: what is asked for is what was read.' })
  @Matches(/^[0-9a-f]{64}$/, { message: 'quoteHash must be the hash of the quote' })
  quoteHash!: string;

  @ApiProperty({ minLength: 1, maxLength: 500, example: 'renewal of March' })
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'reason must not hold control characters' })
  reason!: string;

  @ApiPropertyOptional({ format: 'email', description: 'Told about each step, without prices.' })
  @MayBeAbsent()
  @MaxLength(254)
  @IsEmail()
  contactEmail?: string;
}

export interface ChangeWish {
  readonly reason: string;
  readonly contactEmail?: string;
  readonly principal: Principal;
  /** Of the secret in the customer's link; redacted so that a repetition, which brings another, is the same request. */
  readonly statusDigest: Redacted<Buffer>;
  /** A quote that was read, or what a quote is to be made for. */
  readonly quote: { readonly id: QuoteId; readonly hash: string } | { readonly target: ChangeTarget };
}

@Gated<RequestChange, ChangeView>({
  name: 'change_request.create',
  roles: ['sales-ops', 'platform-admin'],
  audit: ({ request: { quote, reason } }, change) => ({
    subject: change ? { kind: 'change_request', id: change.id } : null,
    ...('target' in quote ? { tenantId: quote.target.tenantId } : change?.tenantId && { tenantId: change.tenantId }),
    details: { reason, ...('id' in quote ? { quoteId: quote.id } : change?.quote && { quoteId: change.quote.id }) },
  }),
})
export class RequestChange extends Command<ChangeView> {
  constructor(readonly request: ChangeWish) {
    super();
  }
}

/** Opens a change request for a quote: one for a tenant at a time, and none for what the customer may not have. */
@CommandHandler(RequestChange)
export class RequestChangeHandler implements ICommandHandler<RequestChange> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: RequestChange): Promise<ChangeView> {
    const { manager } = this.work;
    const quote = await quoteOf(manager, request);
    requireEligible(quote.document.eligibility.rules);
    const { tenant, basis } = await loadPresent(manager, quote.tenantId);
    if (basis !== quote.basis) throw quoteOutdated();
    await requireCloudQuotas(manager, tenant.region, gainedLayers(quote));
    const id = newId('change');
    await insertChange(manager, id, request, quote);
    const change = await manager.findOneByOrFail(ChangeRequestEntity, { id });
    await announce(manager, change);
    return viewChange(change, quote, []);
  }
}

const VALID_DAYS = 30;

async function quoteOf(manager: EntityManager, { quote, principal }: ChangeWish): Promise<QuoteEntity> {
  if ('target' in quote) return storeQuote(manager, quote.target, VALID_DAYS, principalName(principal));
  return loadQuote(manager, quote.id, quote.hash);
}

async function insertChange(
  manager: EntityManager,
  id: ChangeId,
  { reason, contactEmail, principal, statusDigest }: ChangeWish,
  { tenantId, id: quoteId, document }: QuoteEntity,
): Promise<void> {
  try {
    await manager.insert(ChangeRequestEntity, {
      ...{ id, tenantId, quoteId, kind: document.kind, state: 'pending', reason },
      contactEmail: contactEmail ?? null,
      approvalsNeeded: document.approval.approvals,
      requestedBy: principalName(principal),
      requester: await personOf(manager, principal),
      statusDigest: statusDigest.reveal(),
      ...{ document: null, hash: null, expiresAt: null },
      operationId: null,
      failure: null,
      closedAt: null,
    });
  } catch (error) {
    if (violates(error, 'change_requests_one_open')) throw changeInProgress();
    throw error;
  }
}

function changeInProgress(): BulkheadError {
  return new BulkheadError({
    code: 'change_in_progress',
    status: 409,
    publicMessage: 'The tenant has an open change request already.',
    remediation: 'Finish or cancel it first; GET /v1/change-requests?tenant=… shows it.',
  });
}
