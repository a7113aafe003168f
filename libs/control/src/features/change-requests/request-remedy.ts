import { canonicalDigest, dateOf } from '@bulkhead/domain';
import { remedyFor, type DriftChangeKind, type RemedyWish } from '@bulkhead/domain/drift';
import type { RecordedState } from '@bulkhead/domain/fleet';
import { BulkheadError, newId, type DriftFindingId } from '@bulkhead/kernel';
import {
  ChangeRequestEntity,
  DriftFindingEntity,
  FleetStackEntity,
  isOwnerLive,
  refuseIfStackHeld,
  UnitOfWork,
  violates,
} from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, Length, Matches, Max, Min } from 'class-validator';
import type { EntityManager } from 'typeorm';
import { Gated, principalName, type Principal } from '../../gate/index.js';
import { MayBeAbsent } from '../../http/absent.js';
import { notFound } from '../../http/not-found.js';
import { announce, personOf } from './change-rows.js';
import { viewChange, type ChangeView } from './change-view.js';
import { hashOf } from './create-quote.js';
import { effectiveDay } from './quote-grounds.js';

const DAY_MS = 86_400_000;

export class RequestRemedyBody {
  @ApiProperty({ minLength: 1, maxLength: 500, example: 'changed by hand during the outage of Monday' })
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'reason must not hold control characters' })
  reason!: string;

  @ApiPropertyOptional({
    format: 'date',
    description: 'First day on which it may be carried out; today when left out.',
  })
  @MayBeAbsent()
  @Matches(/^\d{4}-\d{2}-\d{2}$/, { message: 'effectiveOn must be a day such as 2026-12-01' })
  effectiveOn?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 30, default: 7, description: 'Days that it holds, from effectiveOn on.' })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(30)
  validDays: number = 7;
}

export interface RemedyRequest extends RequestRemedyBody {
  readonly kind: DriftChangeKind;
  readonly findingId: DriftFindingId;
  readonly principal: Principal;
}

@Gated<RequestRemedy, ChangeView>({
  name: 'change_request.create_remedy',
  roles: ['platform-admin'],
  audit: ({ request: { kind, findingId, reason } }, change) => ({
    subject: change ? { kind: 'change_request', id: change.id } : { kind: 'drift_finding', id: findingId },
    ...(change?.tenantId && { tenantId: change.tenantId }),
    details: { kind, findingId, reason, ...(change?.remedy && { action: change.remedy.action }) },
  }),
})
export class RequestRemedy extends Command<ChangeView> {
  constructor(readonly request: RemedyRequest) {
    super();
  }
}

/** Asks that a finding be repaired or adopted. What makes no sense is refused here, not after the approvals. */
@CommandHandler(RequestRemedy)
export class RequestRemedyHandler implements ICommandHandler<RequestRemedy> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: RequestRemedy): Promise<ChangeView> {
    const { manager } = this.work;
    const { kind, findingId, reason, validDays, principal } = request;
    const finding = await openFinding(manager, findingId);
    const ownerLive = finding.owner !== null && (await isOwnerLive(manager, finding.owner));
    const { action, destructive, approvals, reasons } = remedyFor(kind, { ...finding, ownerLive });
    const effectiveOn = effectiveDay(request.effectiveOn);
    const document: RemedyWish = {
      ...pick(finding),
      ...{ findingId, remedy: action, destructive, reasons, effectiveOn },
      subject: finding.tenantId ?? (finding.stack || findingId),
      findingDigest: finding.digest,
      recordedDigest: await recordedDigest(manager, finding),
    };
    if (destructive) await refuseIfStackHeld(manager, document, { locked: true });
    const from = Math.max(Date.now(), Date.parse(`${effectiveOn}T00:00:00Z`));
    const expiresAt = new Date(from + validDays * DAY_MS);
    const id = newId('change');
    await insert(manager, {
      ...{ id, tenantId: finding.tenantId, kind, state: 'pending', reason, document, expiresAt },
      ...{ hash: hashOf(document, expiresAt), approvalsNeeded: approvals },
      requestedBy: principalName(principal),
      requester: await personOf(manager, principal),
      ...{ quoteId: null, statusDigest: null, contactEmail: null, operationId: null, failure: null, closedAt: null },
    });
    const change = await manager.findOneByOrFail(ChangeRequestEntity, { id });
    await announce(manager, change);
    return viewChange(change, null, []);
  }
}

function pick({ stack, tenantId, kind, type, resource, name }: DriftFindingEntity) {
  return { stack, tenantId, kind, type, resource, name };
}

/**
 * A finding as it stands now.
 * @throws BulkheadError `drift_finding_not_found` (404), `finding_resolved` (409).
 */
export async function openFinding(manager: EntityManager, id: DriftFindingId): Promise<DriftFindingEntity> {
  const finding = await manager.findOneBy(DriftFindingEntity, { id });
  if (!finding) throw notFound('drift finding');
  if (finding.resolvedAt === null) return finding;
  throw new BulkheadError({
    code: 'finding_resolved',
    status: 409,
    publicMessage: `The finding was resolved on ${dateOf(finding.resolvedAt)} (${finding.resolution}).`,
    remediation: 'There is nothing left to do; compare again (POST /v1/drift-runs) if you see a difference.',
  });
}

/** SHA-256 of the resource as the recorded state has it; null when no state has it. */
export async function recordedDigest(
  manager: EntityManager,
  { stack, resource }: Pick<DriftFindingEntity, 'stack' | 'resource'>,
): Promise<string | null> {
  const row = await manager.findOneBy(FleetStackEntity, { stack });
  const recorded = (row?.state as RecordedState | undefined)?.resources.find(({ urn }) => urn === resource);
  return recorded ? canonicalDigest({ inputs: recorded.inputs ?? {}, outputs: recorded.outputs ?? {} }) : null;
}

async function insert(manager: EntityManager, row: Omit<ChangeRequestEntity, 'createdAt'>): Promise<void> {
  try {
    await manager.insert(ChangeRequestEntity, row);
  } catch (error) {
    if (!violates(error, 'change_requests_one_open_remedy')) throw error;
    throw new BulkheadError({
      code: 'remedy_in_progress',
      status: 409,
      publicMessage: 'There is an open change request about this finding already.',
      remediation: 'Finish or cancel it first; GET /v1/change-requests shows it.',
    });
  }
}
