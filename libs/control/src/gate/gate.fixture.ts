import { BulkheadError, idHex, newId } from '@bulkhead/kernel';
import { openControlDatabase, PartnerEntity, UnitOfWork } from '@bulkhead/store';
import { startTestPostgres, type TestDatabase } from '@bulkhead/store/testing';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { DataSource } from 'typeorm';
import { Gated } from './command.js';
import { GateModule } from './gate.module.js';
import { CommandGate } from './gate.js';
import type { Call, Role } from './principal.js';

/** What the handler does after it has stored its row. */
type Ending = 'answer' | 'refuse' | 'break' | 'wait' | 'lose_session' | 'nest' | 'break_audit';

/** Stands for any command: it stores one row in the transaction it is given. */
@Gated<PlantRow, { id: string }>({
  name: 'row.plant',
  roles: ['platform-admin'],
  audit: ({ request }, result) => {
    if (request.ending === 'break_audit') throw new Error('The audit description broke');
    return { subject: result ? { kind: 'row', id: result.id } : null, details: { slug: request.slug } };
  },
})
export class PlantRow extends Command<{ id: string }> {
  constructor(readonly request: { readonly slug: string; readonly ending?: Ending }) {
    super();
  }
}

/** Holds handlers that wait until the test lets them go. */
export class Latch {
  readonly #arrived = Promise.withResolvers<void>();
  readonly #open = Promise.withResolvers<void>();
  readonly arrived: Promise<void> = this.#arrived.promise;

  pass(): Promise<void> {
    this.#arrived.resolve();
    return this.#open.promise;
  }
  open(): void {
    this.#open.resolve();
  }
}
export const latches: Latch[] = [];

@CommandHandler(PlantRow)
export class PlantRowHandler implements ICommandHandler<PlantRow> {
  constructor(
    private readonly work: UnitOfWork,
    private readonly bus: CommandBus,
  ) {}

  async execute({ request: { slug, ending = 'answer' } }: PlantRow): Promise<{ id: string }> {
    const { manager } = this.work;
    const id = newId('partner');
    // A slug of its own each time: only the gate may be what stops a second effect.
    await manager.insert(PartnerEntity, { id, parentId: null, slug: `${slug}-${idHex(id)}`, name: slug });
    if (ending === 'wait') await latches.at(-1)?.pass();
    if (ending === 'refuse') throw refusal();
    if (ending === 'break') throw new TypeError('A bug');
    if (ending === 'lose_session') await manager.query('select pg_terminate_backend(pg_backend_pid())');
    if (ending === 'nest') await this.work.run(() => this.bus.execute(new PlantRow({ slug: `${slug}-nested` })));
    return { id };
  }
}

function refusal(): BulkheadError {
  return new BulkheadError({
    code: 'refused_here',
    status: 409,
    publicMessage: 'Refused.',
    remediation: 'Ask for something else.',
  });
}

@Module({ providers: [PlantRowHandler] })
export class PlantRowModule {}

export interface GateFixture {
  readonly database: TestDatabase;
  readonly source: DataSource;
  readonly context: INestApplicationContext;
  readonly gate: CommandGate;
  close(): Promise<void>;
}

export async function startGate(): Promise<GateFixture> {
  const database = await startTestPostgres();
  const source = await openControlDatabase(database.apiUrl);
  const context = await NestFactory.createApplicationContext(
    { module: PlantRowModule, imports: [GateModule.over(source)] },
    { logger: false },
  );
  return {
    database,
    source,
    context,
    gate: context.get(CommandGate, { strict: false }),
    close: async () => {
      await context.close();
      await source.destroy();
      await database.stop();
    },
  };
}

export function callOf(roles: readonly Role[], idempotencyKey?: string, id = 'ada'): Call {
  return {
    principal: { kind: 'user', id, roles },
    requestId: 'req-1',
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
}
