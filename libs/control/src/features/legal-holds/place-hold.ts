import { newId, type TenantId } from '@bulkhead/kernel';
import { LegalHoldEntity, loadTenant, refuseWhileDestroyed, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty } from '@nestjs/swagger';
import { Length, Matches } from 'class-validator';
import { Gated } from '../../gate/index.js';
import { viewLegalHold, type LegalHoldView } from './legal-hold-view.js';

export class PlaceHoldBody {
  @ApiProperty({ pattern: '^ten_[0-9a-f]{32}$' })
  @Matches(/^ten_[0-9a-f]{32}$/, { message: 'tenantId must be a tenant id' })
  tenantId!: TenantId;

  @ApiProperty({ minLength: 1, maxLength: 200, example: 'Doe v. Riverside' })
  @Length(1, 200)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'matter must not hold control characters' })
  matter!: string;

  @ApiProperty({ minLength: 1, maxLength: 500 })
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'reason must not hold control characters' })
  reason!: string;
}

@Gated<PlaceHold, LegalHoldView>({
  name: 'legal_hold.place',
  roles: ['platform-admin', 'auditor'],
  audit: ({ request: { tenantId, matter, reason } }, hold) => ({
    subject: hold ? { kind: 'legal_hold', id: hold.id } : null,
    tenantId,
    details: { matter, reason },
  }),
})
export class PlaceHold extends Command<LegalHoldView> {
  /** `placedBy` as `principalName` writes it. */
  constructor(readonly request: PlaceHoldBody & { readonly placedBy: string }) {
    super();
  }
}

/**
 * From here on nothing of the tenant is destroyed. While something of it is being destroyed already, no hold is placed:
 * who places one may rely on it.
 * @throws BulkheadError `destruction_in_progress` (409, retryable).
 */
@CommandHandler(PlaceHold)
export class PlaceHoldHandler implements ICommandHandler<PlaceHold> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { tenantId, matter, reason, placedBy } }: PlaceHold): Promise<LegalHoldView> {
    const { manager } = this.work;
    // Locked, as by whoever destroys: one of the two comes first and the other sees it.
    await loadTenant(manager, tenantId, { locked: true });
    await refuseWhileDestroyed(manager, tenantId);
    const id = newId('legalHold');
    const open = { releasedBy: null, releasedAt: null, releaseReason: null };
    await manager.insert(LegalHoldEntity, { id, tenantId, matter, reason, placedBy, ...open });
    return viewLegalHold(await manager.findOneByOrFail(LegalHoldEntity, { id }));
  }
}
