import type { CellOutputs } from '@bulkhead/domain';
import { newId, type CellId, type OperationId, type TenantId } from '@bulkhead/kernel';
import { CellEntity, openControlDatabase } from '@bulkhead/store';
import { startTestPostgres } from '@bulkhead/store/testing';
import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import type { Command } from '@nestjs/cqrs';
import { DataSource } from 'typeorm';
import { COMMAND_MODULES } from './command-modules.js';
import { CommandGate, GateModule, type Role } from './gate/index.js';
import { CreateTenant } from './features/tenants/create-tenant.js';
import { publishShippedCatalog, WORKER_CALL } from './testing/shipped-catalog.js';

@Module({})
class AllCommands {}

/** The commands of every feature on a real database, as the worker runs them, with the published templates. */
export async function startCommands() {
  const database = await startTestPostgres();
  await publishShippedCatalog(database.workerUrl);
  const source = await openControlDatabase(database.workerUrl, 20);
  const imports = [GateModule.over(source), ...COMMAND_MODULES];
  const context = await NestFactory.createApplicationContext({ module: AllCommands, imports }, { logger: false });
  const gate = context.get(CommandGate, { strict: false });
  const send = <R>(command: Command<R>, role: Role = 'workload'): Promise<R> =>
    gate.execute(command, { principal: { ...WORKER_CALL.principal, roles: [role] } });
  return {
    database,
    source,
    context,
    send,
    addCell: (capacity: number) => addCell(source, capacity),
    createTenant: (slug: string, tier: string, plan: string) => send(createTenant(slug, tier, plan), 'platform-admin'),
    close: async () => {
      await context.close();
      await source.destroy();
      await database.stop();
    },
  };
}
export type Commands = Awaited<ReturnType<typeof startCommands>>;

/** A tenant with the operation that onboards it, as the commands want to be called. */
export function callOf({ tenant, operationId }: { tenant: { id: string }; operationId: OperationId }) {
  return { operationId, tenantId: tenant.id as TenantId };
}

function createTenant(slug: string, tier: string, plan: string): CreateTenant {
  const environment = 'production' as const;
  return new CreateTenant({
    name: `Tenant ${slug}`,
    slug,
    region: 'us-east-1',
    tier,
    plan,
    quantity: 1,
    environment,
    requestedBy: 'user:test',
  });
}

async function addCell(source: DataSource, capacity: number): Promise<CellId> {
  const id = newId('cell');
  const secret = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:test';
  const outputs: CellOutputs = {
    database: { host: 'cell', port: 5432, database: 'pool', masterSecretArn: secret, servingSecretArn: secret },
    bucket: 'bucket',
    keyArn: 'arn:aws:kms:us-east-1:000000000000:key/cell',
    queueUrl: 'http://queue',
    deadLetterQueueUrl: 'http://dead-letters',
  };
  const row = { id, name: id, region: 'us-east-1', capacity, state: 'active' as const, spec: {}, outputs };
  await source.manager.insert(CellEntity, row);
  return id;
}
