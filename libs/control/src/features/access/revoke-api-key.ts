import type { Id } from '@bulkhead/kernel';
import { ApiKeyEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { IsNull } from 'typeorm';
import { Gated, principalName, type Principal } from '../../gate/index.js';
import { notFound } from '../../http/not-found.js';

@Gated<RevokeApiKey, void>({
  name: 'api_key.revoke',
  roles: ['platform-admin', 'sales-ops', 'approver', 'auditor', 'ci'],
  audit: ({ request }) => ({ subject: { kind: 'api_key', id: request.id } }),
})
export class RevokeApiKey extends Command<void> {
  constructor(readonly request: { readonly id: Id<'apiKey'>; readonly revoker: Principal }) {
    super();
  }
}

/** Ends a key at once. Platform admins may end any key, others those that they made. Repeating it is harmless. */
@CommandHandler(RevokeApiKey)
export class RevokeApiKeyHandler implements ICommandHandler<RevokeApiKey> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { id, revoker } }: RevokeApiKey): Promise<void> {
    const { manager } = this.work;
    const key = await manager.findOneBy(ApiKeyEntity, { id });
    const own = key?.createdBy === principalName(revoker);
    if (!key || !(own || revoker.roles.includes('platform-admin'))) throw notFound('api key');
    // Of two at once the first one's time stands.
    await manager.update(ApiKeyEntity, { id, revokedAt: IsNull() }, { revokedAt: new Date() });
  }
}
