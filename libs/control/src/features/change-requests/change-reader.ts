import {
  planChange,
  planCharge,
  type CalendarDate,
  type PlanTemplate,
  type ScheduledInvoice,
  type UnusedCredit,
} from '@bulkhead/domain';
import { CHANGE_STATES, type ChangeState } from '@bulkhead/domain/change-requests';
import type { ChangeId, QuoteId, TenantId } from '@bulkhead/kernel';
import { ChangeDecisionEntity, ChangeRequestEntity, QuoteEntity, SubscriptionEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { DataSource, In } from 'typeorm';
import { MayBeAbsent } from '../../http/absent.js';
import { notFound } from '../../http/not-found.js';
import { PageQuery, readPage, type Page } from '../../http/page.js';
import { viewChange, type ChangeView } from './change-view.js';
import { loadOffered } from './offered.js';
import { startsOn } from './quote-grounds.js';
import { quoteOf } from './read-document.js';
import { viewQuote, type QuoteView } from './quote-view.js';

export class ListChangesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: CHANGE_STATES })
  @MayBeAbsent()
  @IsIn(CHANGE_STATES)
  state?: ChangeState;

  @ApiPropertyOptional({ description: 'Requests for this tenant.' })
  @MayBeAbsent()
  @Matches(/^ten_[0-9a-f]{32}$/, { message: 'tenant must be a tenant id' })
  tenant?: string;
}

/** What billing is asked to do for a change: the amounts are those of the quote. */
export interface BillingChange {
  readonly tenantId: TenantId;
  readonly customerRef: string;
  readonly subscriptionRef: string;
  readonly plan: PlanTemplate;
  readonly quantity: number;
  readonly changesOn: CalendarDate;
  readonly credit: UnusedCredit | null;
  readonly invoices: readonly ScheduledInvoice[];
}

/** A request that something is due for: to be applied, or to expire. */
export interface DueChange {
  readonly changeId: ChangeId;
  readonly quoteHash: string;
  readonly what: 'apply' | 'expire';
}

@Injectable()
export class ChangeReader {
  constructor(private readonly source: DataSource) {}

  async list(query: ListChangesQuery): Promise<Page<ChangeView>> {
    const changes = this.source.manager.createQueryBuilder(ChangeRequestEntity, 'change').where('true');
    if (query.state) changes.andWhere('change.state = :state', { state: query.state });
    if (query.tenant) changes.andWhere('change.tenantId = :tenant', { tenant: query.tenant });
    const page = await readPage(changes, query, (change) => change);
    return { data: await this.#views(page.data), hasMore: page.hasMore };
  }

  async get(id: ChangeId): Promise<ChangeView> {
    const change = await this.source.manager.findOneBy(ChangeRequestEntity, { id });
    const [view] = change ? await this.#views([change]) : [];
    if (!view) throw notFound('change request');
    return view;
  }

  async quote(id: QuoteId): Promise<QuoteView> {
    const quote = await this.source.manager.findOneBy(QuoteEntity, { id });
    if (!quote) throw notFound('quote');
    return viewQuote(quote);
  }

  /** What the customer's page may show, by the digest of the link's secret. Closed requests stay for 90 days. */
  async publicStatus(digest: Buffer): Promise<{ change: ChangeRequestEntity; effectiveOn: string } | undefined> {
    const change = await this.source.manager.findOneBy(ChangeRequestEntity, { statusDigest: digest });
    if (!change || (change.closedAt && change.closedAt.getTime() < Date.now() - 90 * 86_400_000)) return undefined;
    const quote = await quoteOf(this.source.manager, change);
    return { change, effectiveOn: quote.document.effectiveOn };
  }

  /**
   * Requests whose day has come, and requests whose quote has expired. A tenant that another operation is changing has
   * to wait: asking would be refused, with an audit leaf for each time.
   */
  async due(): Promise<DueChange[]> {
    return this.source.query(
      `select c.id as "changeId", coalesce(q.hash, c.hash) as "quoteHash",
              case when coalesce(q.expires_at, c.expires_at) <= now() then 'expire' else 'apply' end as what
         from control.change_requests c left join control.quotes q on q.id = c.quote_id
         left join control.operations o on o.subject_id in (c.tenant_id, c.document ->> 'subject') and o.finished_at is null
        where c.state in ('pending', 'approved', 'scheduled')
          and (coalesce(q.expires_at, c.expires_at) <= now()
               or (c.state = 'scheduled' and o.id is null and coalesce(q.document, c.document) ->> 'effectiveOn' <= to_char(now() at time zone 'utc', 'YYYY-MM-DD')))
        order by c.id limit 100`,
    );
  }

  /** What billing has to do for a change that is being applied. The same answer until the plan has been switched. */
  async billingChange(changeId: ChangeId): Promise<BillingChange> {
    const { manager } = this.source;
    const change = await manager.findOneByOrFail(ChangeRequestEntity, { id: changeId });
    const quote = await quoteOf(manager, change);
    const { tenantId } = quote;
    const subscription = await manager.findOneByOrFail(SubscriptionEntity, { tenantId });
    const { customerRef, subscriptionRef } = subscription;
    if (customerRef === null || subscriptionRef === null) throw new Error(`${tenantId} has no billing`);
    const { from, to } = await loadOffered(manager, quote);
    const running = {
      charge: planCharge(from.plan, from.quantity),
      startsOn: startsOn(subscription),
      interval: from.plan.interval,
    };
    const { interval, paymentTermDays } = to.plan;
    const next = { charge: planCharge(to.plan, to.quantity), interval, paymentTermDays };
    const { credit, invoices, changesOn } = planChange(running, next, quote.document.effectiveOn);
    const bought = { plan: to.plan, quantity: to.quantity, changesOn };
    return {
      tenantId,
      customerRef,
      subscriptionRef,
      ...bought,
      credit: credit.amount.amountMinor > 0 ? credit : null,
      invoices,
    };
  }

  async #views(changes: readonly ChangeRequestEntity[]): Promise<ChangeView[]> {
    const { manager } = this.source;
    const quotes = await manager.findBy(QuoteEntity, { id: In(changes.flatMap(({ quoteId }) => quoteId ?? [])) });
    const decisions = await manager.findBy(ChangeDecisionEntity, { changeId: In(changes.map(({ id }) => id)) });
    return changes.map((change) =>
      viewChange(
        change,
        quotes.find(({ id }) => id === change.quoteId) ?? null,
        decisions.filter(({ changeId }) => changeId === change.id),
      ),
    );
  }
}
