import { BulkheadError, type TenantId, type TokenId } from '@bulkhead/kernel';
import { loadTenant, revokeTokens, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Length, Matches } from 'class-validator';
import { Gated } from '../../gate/index.js';
import { MayBeAbsent } from '../../http/index.js';

export class RevokeTenantTokensBody {
  @ApiPropertyOptional({ description: 'Only this token (its jti).', example: 'tok_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' })
  @MayBeAbsent()
  @Matches(/^tok_[0-9a-f]{32}$/, { message: 'tokenId must be a token id' })
  tokenId?: TokenId;

  @ApiPropertyOptional({ description: 'Only the tokens of this person or service.' })
  @MayBeAbsent()
  @Matches(/^[\x21-\x7e]{1,200}$/, { message: 'subject must be 1 to 200 visible ASCII characters' })
  subject?: string;

  @ApiProperty({ minLength: 1, maxLength: 500, description: 'Kept in the audit log.' })
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'reason must not hold control characters' })
  reason!: string;
}

@Gated<RevokeTenantTokens, void>({
  name: 'tenant_token.revoke',
  roles: ['platform-admin', 'tenancy-issuer'],
  audit: ({ request: { tenantId, tokenId, subject, reason } }) => ({
    subject: { kind: 'tenant', id: tenantId },
    tenantId,
    details: { ...(tokenId !== undefined && { tokenId }), ...(subject !== undefined && { subject }), reason },
  }),
})
export class RevokeTenantTokens extends Command<void> {
  /** `revokedBy` as `principalName` writes it. */
  constructor(readonly request: RevokeTenantTokensBody & { readonly tenantId: TenantId; readonly revokedBy: string }) {
    super();
  }
}

/** Puts tokens on the revocation list: one, those of a subject, or all that the tenant has been given so far. */
@CommandHandler(RevokeTenantTokens)
export class RevokeTenantTokensHandler implements ICommandHandler<RevokeTenantTokens> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: RevokeTenantTokens): Promise<void> {
    if (request.tokenId !== undefined && request.subject !== undefined) throw ambiguous();
    await loadTenant(this.work.manager, request.tenantId);
    await revokeTokens(this.work.manager, request);
  }
}

function ambiguous(): BulkheadError {
  const message = 'Name a token or a subject, not both.';
  return new BulkheadError({
    code: 'revocation_ambiguous',
    status: 422,
    publicMessage: message,
    remediation: 'Send two requests, one for each.',
    errors: [{ pointer: '/subject', message }],
  });
}
