import { dateOf, factValues } from '@bulkhead/domain';
import { nextChangeState } from '@bulkhead/domain/change-requests';
import { decideEligibility } from '@bulkhead/domain/eligibility';
import { BulkheadError, type ChangeId, type OperationId } from '@bulkhead/kernel';
import {
  currentFacts,
  eligibilityPolicy,
  requireCloudQuotas,
  UnitOfWork,
  type ChangeRequestEntity,
  type QuoteEntity,
} from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { EntityManager } from 'typeorm';
import { Gated, openOperation, principalName, type Principal } from '../../gate/index.js';
import { openRemedy, remedyOf } from './apply-remedy.js';
import { lockChange, moveChange, requireStarter } from './change-rows.js';
import { gainedLayers, loadQuote, quoteOutdated, requireEligible } from './create-quote.js';
import { shown } from './change-life.js';
import type { ChangeView } from './change-view.js';
import { loadOffered } from './offered.js';
import { loadPresent } from './quote-grounds.js';
import { loadRead, quotedBy } from './read-document.js';

export interface ApplyRequest {
  readonly changeId: ChangeId;
  /** Hash of the quote that was approved. */
  readonly quoteHash: string;
  readonly principal: Principal;
}

export interface ChangeApplying {
  readonly change: ChangeView;
  readonly operationId: OperationId;
}

@Gated<ApplyChange, ChangeApplying>({
  name: 'change_request.apply',
  roles: ['sales-ops', 'platform-admin', 'workload'],
  audit: ({ request: { changeId, quoteHash } }, applying) => ({
    subject: { kind: 'change_request', id: changeId },
    ...(applying?.change.tenantId && { tenantId: applying.change.tenantId }),
    ...(applying && { operationId: applying.operationId }),
    details: { quoteHash },
  }),
})
export class ApplyChange extends Command<ChangeApplying> {
  constructor(readonly request: ApplyRequest) {
    super();
  }
}

/** Does what was approved, or nothing: everything that the quote rests on is looked at again. */
@CommandHandler(ApplyChange)
export class ApplyChangeHandler implements ICommandHandler<ApplyChange> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { changeId, quoteHash, principal } }: ApplyChange): Promise<ChangeApplying> {
    const { manager } = this.work;
    const requestedBy = principalName(principal);
    const change = await lockChange(manager, changeId);
    requireStarter(change, principal);
    nextChangeState(change.state, 'apply');
    const wish = remedyOf(change);
    if (wish) {
      await loadRead(manager, change, quoteHash);
      if (wish.effectiveOn > dateOf(new Date())) throw notYet(wish.effectiveOn);
      return this.#applying(change, await openRemedy(manager, { changeId, wish, requestedBy }));
    }
    const quote = await loadQuote(manager, quotedBy(change), quoteHash);
    if (quote.document.effectiveOn > dateOf(new Date())) throw notYet(quote.document.effectiveOn);
    const { tenantId } = quote;
    const present = await loadPresent(manager, tenantId, { locked: true });
    if (present.basis !== quote.basis) throw quoteOutdated();
    await requireStillEligible(manager, quote);
    await requireCloudQuotas(manager, present.tenant.region, gainedLayers(quote), changeId);
    if (change.kind === 'placement') throw moveNotAvailable();
    const operationId = await openOperation(manager, {
      kind: 'change.apply',
      subjectId: tenantId,
      tenantId,
      input: { changeId, tenantId, serviceClass: quote.document.to.serviceClass },
      requestedBy,
    });
    return this.#applying(change, operationId);
  }

  async #applying(change: ChangeRequestEntity, operationId: OperationId): Promise<ChangeApplying> {
    const { manager } = this.work;
    const moved = await moveChange(manager, change, 'apply', { operationId, failure: null });
    return { change: await shown(manager, moved), operationId };
  }
}

async function requireStillEligible(manager: EntityManager, quote: QuoteEntity): Promise<void> {
  const gained = gainedLayers(quote);
  if (gained.length === 0) return;
  const { policy } = await eligibilityPolicy(manager);
  const facts = factValues(await currentFacts(manager, quote.tenantId));
  const { plan } = (await loadOffered(manager, quote)).to;
  const decided = decideEligibility(policy, { tenantId: quote.tenantId, facts, planKind: plan.kind }, gained);
  requireEligible(decided.flatMap(({ layer, rules }) => rules.map(({ met, detail }) => ({ layer, met, detail }))));
}

function notYet(day: string): BulkheadError {
  return new BulkheadError({
    code: 'change_not_due',
    status: 409,
    publicMessage: `The change was quoted for ${day}.`,
    remediation: 'Schedule it to be applied on that day, or make a quote for today.',
  });
}

function moveNotAvailable(): BulkheadError {
  return new BulkheadError({
    code: 'move_not_available',
    status: 409,
    publicMessage: 'The change moves layers between shared and dedicated, and moves cannot be carried out yet.',
    remediation: 'The request stays approved: apply it again once moves are available, before its quote expires.',
  });
}
