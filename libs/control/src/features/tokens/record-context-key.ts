import { ContextKeyEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';

@Gated<RecordContextKey, void>({
  name: 'context_key.record',
  roles: ['workload'],
  audit: ({ key: { home, id } }) => ({ subject: { kind: 'home', id: home }, details: { contextKeyId: id } }),
})
export class RecordContextKey extends Command<void> {
  /** `sealed` for the token service, in base64. */
  constructor(readonly key: { readonly home: string; readonly id: string; readonly sealed: string }) {
    super();
  }
}

/** Makes a key that a tenant database already has the one that signs its contexts. */
@CommandHandler(RecordContextKey)
export class RecordContextKeyHandler implements ICommandHandler<RecordContextKey> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ key: { home, id, sealed } }: RecordContextKey): Promise<void> {
    await this.work.manager.insert(ContextKeyEntity, { home, id, sealed: Buffer.from(sealed, 'base64') });
  }
}
