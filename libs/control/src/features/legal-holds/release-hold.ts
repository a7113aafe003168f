import { BulkheadError, type Id } from '@bulkhead/kernel';
import { LegalHoldEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty } from '@nestjs/swagger';
import { Length, Matches } from 'class-validator';
import { Gated } from '../../gate/index.js';
import { notFound } from '../../http/not-found.js';
import { viewLegalHold, type LegalHoldView } from './legal-hold-view.js';

export class ReleaseHoldBody {
  @ApiProperty({ minLength: 1, maxLength: 500 })
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'reason must not hold control characters' })
  reason!: string;
}

@Gated<ReleaseHold, LegalHoldView>({
  name: 'legal_hold.release',
  roles: ['platform-admin', 'auditor'],
  audit: ({ request: { id, reason } }, hold) => ({
    subject: { kind: 'legal_hold', id },
    ...(hold && { tenantId: hold.tenantId }),
    details: { reason },
  }),
})
export class ReleaseHold extends Command<LegalHoldView> {
  /** `releasedBy` as `principalName` writes it. */
  constructor(readonly request: ReleaseHoldBody & { readonly id: Id<'legalHold'>; readonly releasedBy: string }) {
    super();
  }
}

/** Ends one hold; others of the same tenant stay in force. */
@CommandHandler(ReleaseHold)
export class ReleaseHoldHandler implements ICommandHandler<ReleaseHold> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { id, reason, releasedBy } }: ReleaseHold): Promise<LegalHoldView> {
    const { manager } = this.work;
    const hold = await manager.findOne(LegalHoldEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
    if (!hold) throw notFound('legal hold');
    if (hold.releasedAt) throw alreadyReleased();
    await manager.update(LegalHoldEntity, { id }, { releasedBy, releasedAt: new Date(), releaseReason: reason });
    return viewLegalHold(await manager.findOneByOrFail(LegalHoldEntity, { id }));
  }
}

function alreadyReleased(): BulkheadError {
  return new BulkheadError({
    code: 'legal_hold_released',
    status: 409,
    publicMessage: 'The hold was released already.',
    remediation: 'Place a new one if it is needed again.',
  });
}
