import { canonicalDigest, LAYERS, type Layer } from '@bulkhead/domain';
import { makeQuote } from '@bulkhead/domain/change-requests';
import { BulkheadError, newId, type QuoteId, type TenantId } from '@bulkhead/kernel';
import { QuoteEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, Length, Matches, Max, Min } from 'class-validator';
import type { EntityManager } from 'typeorm';
import { Gated } from '../../gate/index.js';
import { MayBeAbsent } from '../../http/absent.js';
import { notFound } from '../../http/not-found.js';
import { loadGrounds, type ChangeTarget } from './quote-grounds.js';
import { viewQuote, type QuoteView } from './quote-view.js';

const DAY_MS = 86_400_000;

export class CreateQuoteBody implements ChangeTarget {
  @ApiProperty({ pattern: '^ten_[0-9a-f]{32}$' })
  @Matches(/^ten_[0-9a-f]{32}$/, { message: 'tenantId must be a tenant id' })
  tenantId!: TenantId;

  @ApiPropertyOptional({ description: 'Name of a published tier; the present one when left out.' })
  @MayBeAbsent()
  @Length(1, 64)
  tier?: string;

  @ApiPropertyOptional({ description: 'Name of a published plan; the present one when left out.' })
  @MayBeAbsent()
  @Length(1, 64)
  plan?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 1_000_000, description: 'Billed units; as many as now when left out.' })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  quantity?: number;

  @ApiPropertyOptional({ format: 'date', description: 'Day on which it takes effect; today when left out.' })
  @MayBeAbsent()
  @Matches(/^\d{4}-\d{2}-\d{2}$/, { message: 'effectiveOn must be a day such as 2026-12-01' })
  effectiveOn?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 90, default: 30, description: 'Days from now, or from effectiveOn on.' })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(90)
  validDays: number = 30;
}

@Gated<CreateQuote, QuoteView>({
  name: 'quote.create',
  roles: ['sales-ops', 'platform-admin'],
  audit: ({ request: { tenantId, tier, plan, quantity, effectiveOn } }, quote) => ({
    subject: quote ? { kind: 'quote', id: quote.id } : { kind: 'tenant', id: tenantId },
    tenantId,
    details: {
      ...(tier !== undefined && { tier }),
      ...(plan !== undefined && { plan }),
      ...(quantity !== undefined && { quantity }),
      ...(effectiveOn !== undefined && { effectiveOn }),
      ...(quote && { hash: quote.hash, eligible: quote.eligible }),
    },
  }),
})
export class CreateQuote extends Command<QuoteView> {
  /** `createdBy` as `principalName` writes it. */
  constructor(readonly request: CreateQuoteBody & { readonly createdBy: string }) {
    super();
  }
}

@CommandHandler(CreateQuote)
export class CreateQuoteHandler implements ICommandHandler<CreateQuote> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { validDays, createdBy, ...target } }: CreateQuote): Promise<QuoteView> {
    return viewQuote(await storeQuote(this.work.manager, target, validDays, createdBy));
  }
}

/** Makes a quote and keeps it. It holds for so many days from now, or from the day on which it takes effect. */
export async function storeQuote(
  manager: EntityManager,
  target: ChangeTarget,
  validDays: number,
  createdBy: string,
): Promise<QuoteEntity> {
  const { grounds, present } = await loadGrounds(manager, target);
  // What goes through JSON and back is what is hashed: a later reader must get the same digest.
  const document = JSON.parse(JSON.stringify(makeQuote(grounds))) as QuoteEntity['document'];
  const from = Math.max(Date.now(), Date.parse(`${grounds.effectiveOn}T00:00:00Z`));
  const expiresAt = new Date(from + validDays * DAY_MS);
  const id = newId('quote');
  const hash = hashOf(document, expiresAt);
  const { tenantId } = target;
  await manager.insert(QuoteEntity, { id, tenantId, document, hash, basis: present.basis, expiresAt, createdBy });
  return manager.findOneByOrFail(QuoteEntity, { id });
}

/** What people approve: a document and until when it holds. */
export function hashOf(document: object, expiresAt: Date): string {
  return canonicalDigest({ document, expiresAt: expiresAt.toISOString() });
}

/**
 * Reads a quote that people were shown by its hash.
 * @throws BulkheadError `quote_not_found` (404), `quote_stale` (409) for another hash, `quote_expired` (409).
 * @throws Error when the stored quote is not what its hash says: somebody changed it in the database.
 */
export async function loadQuote(manager: EntityManager, id: QuoteId, hash: string): Promise<QuoteEntity> {
  const quote = await manager.findOneBy(QuoteEntity, { id });
  if (!quote) throw notFound('quote');
  if (hashOf(quote.document, quote.expiresAt) !== quote.hash) throw new Error(`Quote ${id} does not match its hash`);
  if (quote.hash !== hash)
    throw quoteStale(
      'The hash is not that of the quote.',
      'Read the quote again, and send the hash of what you have read.',
    );
  if (quote.expiresAt.getTime() <= Date.now()) throw quoteExpired();
  return quote;
}

/** The tenant is no longer what the quote started from. */
export function quoteOutdated(): BulkheadError {
  return quoteStale(
    'The tenant has changed since it was quoted. What was quoted is not what would be done.',
    'Make a new quote and have it approved; cancel the request for the old one, if there is one.',
  );
}

function quoteStale(publicMessage: string, remediation: string): BulkheadError {
  return new BulkheadError({ code: 'quote_stale', status: 409, publicMessage, remediation });
}

function quoteExpired(): BulkheadError {
  return new BulkheadError({
    code: 'quote_expired',
    status: 409,
    publicMessage: 'The quote has expired.',
    remediation: 'Make a new quote and a new request.',
  });
}

/** Layers that the quote would give the tenant. */
export function gainedLayers({ document }: QuoteEntity): Layer[] {
  const { layers } = document.difference;
  return LAYERS.filter((layer) => layers.some((change) => change.layer === layer && change.to === 'dedicated'));
}

/** @throws BulkheadError `layer_not_eligible` (409) with one error for each rule that is not met. */
export function requireEligible(rules: readonly { layer: string; met: boolean; detail: string }[]): void {
  const unmet = rules.filter(({ met }) => !met);
  if (unmet.length === 0) return;
  throw new BulkheadError({
    code: 'layer_not_eligible',
    status: 409,
    publicMessage: `The customer may not have this. ${unmet.map(({ layer, detail }) => `Own ${layer}: ${detail}.`).join(' ')}`,
    remediation: 'Record the facts that are missing, if they are so, or choose another tier; then make a new quote.',
    errors: unmet.map(({ layer, detail }) => ({ pointer: `/layers/${layer}`, message: detail })),
  });
}
