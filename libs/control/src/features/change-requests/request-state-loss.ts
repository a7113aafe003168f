import type { RecordedState } from '@bulkhead/domain/fleet';
import { BulkheadError, newId, type TenantId } from '@bulkhead/kernel';
import { ChangeRequestEntity, FleetStackEntity, refuseIfStackHeld, tenantsOfStack, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsInt,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import type { EntityManager } from 'typeorm';
import { Gated, principalName, type Principal } from '../../gate/index.js';
import { MayBeAbsent } from '../../http/absent.js';
import { notFound } from '../../http/not-found.js';
import { announce, personOf } from './change-rows.js';
import { viewChange, type ChangeView } from './change-view.js';
import { hashOf } from './create-quote.js';
import { StateLossView } from './state-loss-view.js';

const DAY_MS = 86_400_000;
/** What is lost is lost for good. */
const APPROVALS = 2;

export class RequestStateLossBody {
  @ApiProperty({ pattern: '^[a-z-]{1,32}\\.[a-z0-9_-]{1,64}$', description: 'Stack whose preview showed it.' })
  @Matches(/^[a-z-]{1,32}\.[a-z0-9_-]{1,64}$/, { message: 'stack must be the name of a stack' })
  stack!: string;

  @ApiPropertyOptional({
    pattern: '^ten_[0-9a-f]{32}$',
    description: 'Whose state it is; left out for a shared stack.',
  })
  @MayBeAbsent()
  @Matches(/^ten_[0-9a-f]{32}$/, { message: 'tenantId must be a tenant id' })
  tenantId?: TenantId;

  @ApiProperty({ type: [StateLossView], minItems: 1, maxItems: 50 })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @ArrayUnique(({ urn }: StateLossView) => urn)
  @ValidateNested({ each: true })
  @Type(() => StateLossView)
  losses!: StateLossView[];

  @ApiProperty({ pattern: '^sha256:[0-9a-f]{64}$', description: 'Hash of the fleet plan that showed it.' })
  @Matches(/^sha256:[0-9a-f]{64}$/, { message: 'planHash must be the hash of the plan' })
  planHash!: string;

  @ApiPropertyOptional({ pattern: '^[0-9a-f]{40,64}$', description: 'Commit that the plan was made from.' })
  @MayBeAbsent()
  @Matches(/^[0-9a-f]{40,64}$/, { message: 'head must be a commit' })
  head?: string;

  @ApiProperty({
    minLength: 1,
    maxLength: 500,
    example: 'the database moves to a key of its own; its data is restored',
  })
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'reason must not hold control characters' })
  reason!: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 30, default: 7, description: 'Days that it holds.' })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(30)
  validDays: number = 7;
}

@Gated<RequestStateLoss, ChangeView>({
  name: 'change_request.create_state_loss',
  roles: ['platform-admin'],
  audit: ({ wish: { stack, tenantId, losses, planHash, reason } }, change) => ({
    subject: change ? { kind: 'change_request', id: change.id } : { kind: 'stack', id: stack },
    ...(tenantId !== undefined && { tenantId }),
    details: { stack, planHash, reason, losses: losses.map(({ urn, operation }) => `${operation} ${urn}`) },
  }),
})
export class RequestStateLoss extends Command<ChangeView> {
  constructor(
    readonly wish: RequestStateLossBody,
    readonly principal: Principal,
  ) {
    super();
  }
}

/** Asks that what a preview showed to be lost may be lost. It allows exactly that, once two people have said yes. */
@CommandHandler(RequestStateLoss)
export class RequestStateLossHandler implements ICommandHandler<RequestStateLoss> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ wish, principal }: RequestStateLoss): Promise<ChangeView> {
    const { manager } = this.work;
    const { stack, planHash, reason, validDays, head = null, tenantId = null } = wish;
    await requireThere(manager, wish);
    await refuseIfStackHeld(manager, { stack, tenantId }, { locked: true });
    const losses = wish.losses.map(({ urn, operation, layer, digest }) => ({ urn, operation, layer, digest }));
    const document = { stack, tenantId, losses, planHash, head };
    const expiresAt = new Date(Date.now() + validDays * DAY_MS);
    const id = newId('change');
    await manager.insert(ChangeRequestEntity, {
      ...{ id, tenantId, kind: 'state-loss', state: 'pending', reason, document, expiresAt },
      hash: hashOf(document, expiresAt),
      approvalsNeeded: APPROVALS,
      requestedBy: principalName(principal),
      requester: await personOf(manager, principal),
      ...{ quoteId: null, statusDigest: null, contactEmail: null, operationId: null, failure: null, closedAt: null },
    });
    const change = await manager.findOneByOrFail(ChangeRequestEntity, { id });
    await announce(manager, change);
    return viewChange(change, null, []);
  }
}

/** What is not there cannot be lost: the request would be for another fleet, or mistyped. */
async function requireThere(manager: EntityManager, { stack, tenantId, losses }: RequestStateLossBody): Promise<void> {
  const recorded = await manager.findOneBy(FleetStackEntity, { stack });
  if (!recorded) throw notFound('stack');
  if (tenantId !== undefined && !(await tenantsOfStack(manager, stack)).includes(tenantId))
    throw notOfThisStack(`Tenant ${tenantId} has nothing in ${stack}.`);
  const { resources } = recorded.state as RecordedState;
  const known = new Set(resources.map(({ urn }) => urn));
  const unknown = losses.filter(({ urn }) => !known.has(urn));
  if (unknown.length > 0) throw notOfThisStack(`${stack} has no ${unknown.map(({ urn }) => urn).join(', ')}.`);
}

function notOfThisStack(what: string): BulkheadError {
  return new BulkheadError({
    code: 'loss_not_of_stack',
    status: 422,
    publicMessage: what,
    remediation: 'Take stack, tenant and losses from the plan that a fresh preview makes.',
  });
}
