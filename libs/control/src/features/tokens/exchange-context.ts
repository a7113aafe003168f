import { revokes } from '@bulkhead/domain/context';
import { BulkheadError, type Redacted, type TenantId } from '@bulkhead/kernel';
import { TokenRevocationEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { EntityManager } from 'typeorm';
import { Gated } from '../../gate/index.js';
import { placeOf, requireIssuable, type Place } from './token-grant.js';
import { revocationOf } from './token-revocation-view.js';

/** A token of ours, verified: what an exchange needs to know of it. */
export interface VerifiedToken {
  readonly tenantId: TenantId;
  readonly id: string;
  readonly subject: string;
  /** Unix time, seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface ContextGrant extends Place {
  /** Tells the answer to a repetition from the first one. */
  readonly attempt: string;
}

@Gated<ExchangeContext, ContextGrant>({
  name: 'tenant_context.exchange',
  roles: ['platform-admin', 'tenancy-service'],
  audit: ({ request: { token } }, place) => ({
    subject: { kind: 'tenant', id: token.tenantId },
    tenantId: token.tenantId,
    details: { tokenId: token.id, ...(place && { home: place.home, epoch: place.epoch }) },
  }),
})
export class ExchangeContext extends Command<ContextGrant> {
  constructor(readonly request: { readonly token: VerifiedToken; readonly attempt: Redacted }) {
    super();
  }
}

/** Decides whether the holder of a token gets a context for where the tenant is now. */
@CommandHandler(ExchangeContext)
export class ExchangeContextHandler implements ICommandHandler<ExchangeContext> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { token, attempt } }: ExchangeContext): Promise<ContextGrant> {
    const { manager } = this.work;
    await requireIssuable(manager, token.tenantId);
    await requireNotRevoked(manager, token);
    return { ...(await placeOf(manager, token.tenantId)), attempt: attempt.reveal() };
  }
}

async function requireNotRevoked(manager: EntityManager, token: VerifiedToken): Promise<void> {
  const rows = await manager.findBy(TokenRevocationEntity, { tenantId: token.tenantId });
  if (!rows.some((row) => revokes(revocationOf(row), token))) return;
  throw new BulkheadError({
    code: 'tenant_token_revoked',
    status: 422,
    publicMessage: 'The token was revoked.',
    remediation: 'Get a new token from the identity service.',
    errors: [{ pointer: '/token', message: 'The token was revoked.' }],
  });
}
