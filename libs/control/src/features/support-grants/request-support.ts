import { BulkheadError, newId, type TenantId } from '@bulkhead/kernel';
import { loadTenant, SUPPORT_KINDS, SupportGrantEntity, UnitOfWork, type SupportKind } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsInt, Length, Matches, Max, Min } from 'class-validator';
import { Gated, type Principal } from '../../gate/index.js';
import { viewSupportGrant, type SupportGrantView } from './support-grant-view.js';

/** How many must agree, and how long it may last at most, minutes. */
const RULES: Readonly<Record<SupportKind, { approvals: number; minutes: number }>> = {
  support: { approvals: 1, minutes: 240 },
  'break-glass': { approvals: 2, minutes: 60 },
};

export class RequestSupportBody {
  @ApiProperty({ pattern: '^ten_[0-9a-f]{32}$' })
  @Matches(/^ten_[0-9a-f]{32}$/, { message: 'tenantId must be a tenant id' })
  tenantId!: TenantId;

  @ApiProperty({ enum: SUPPORT_KINDS })
  @IsIn(SUPPORT_KINDS)
  kind!: SupportKind;

  @ApiProperty({ minLength: 1, maxLength: 500, example: 'ticket 4711' })
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'reason must not hold control characters' })
  reason!: string;

  @ApiProperty({
    minimum: 5,
    maximum: 240,
    description: 'How long, from the last approval on; break-glass at most 60.',
  })
  @IsInt()
  @Min(5)
  @Max(240)
  minutes!: number;
}

@Gated<RequestSupport, SupportGrantView>({
  name: 'support_grant.request',
  roles: ['support', 'platform-admin'],
  audit: ({ request: { tenantId, kind, reason, minutes } }, grant) => ({
    subject: grant ? { kind: 'support_grant', id: grant.id } : { kind: 'tenant', id: tenantId },
    tenantId,
    details: { kind, reason, minutes },
  }),
})
export class RequestSupport extends Command<SupportGrantView> {
  constructor(readonly request: RequestSupportBody & { readonly principal: Principal }) {
    super();
  }
}

/** Asks to be let in. For oneself only. */
@CommandHandler(RequestSupport)
export class RequestSupportHandler implements ICommandHandler<RequestSupport> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({
    request: { tenantId, kind, reason, minutes, principal },
  }: RequestSupport): Promise<SupportGrantView> {
    const { manager } = this.work;
    if (principal.kind !== 'user') throw onlyPeople();
    if (minutes > RULES[kind].minutes) throw tooLong(kind);
    await loadTenant(manager, tenantId);
    const id = newId('supportGrant');
    const wanted = { id, tenantId, kind, reason, minutes, person: principal.id };
    const open = { activeFrom: null, activeUntil: null, endedBy: null, endedAt: null };
    await manager.insert(SupportGrantEntity, { ...wanted, ...open, approvalsNeeded: RULES[kind].approvals });
    return viewSupportGrant(await manager.findOneByOrFail(SupportGrantEntity, { id }), []);
  }
}

function onlyPeople(): BulkheadError {
  return new BulkheadError({
    code: 'support_needs_person',
    status: 403,
    publicMessage: 'Support is given to people; an API key cannot ask for it.',
    remediation: 'Sign in as a person and ask with that token.',
  });
}

function tooLong(kind: SupportKind): BulkheadError {
  const message = `A ${kind} grant lasts ${RULES[kind].minutes} minutes at most.`;
  return new BulkheadError({
    code: 'support_too_long',
    status: 422,
    publicMessage: message,
    remediation: 'Ask for less; another can follow.',
    errors: [{ pointer: '/minutes', message }],
  });
}
