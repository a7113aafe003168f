import type { Isolation, Layer, PlacementPlan } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import type { OperationCall, Patience } from '../contract.js';

/** Tries quickly and asks soon; waits for an operator as long as a test may take. */
export const IMPATIENT: Patience = {
  attempts: 3,
  initialMs: 20,
  maximumMs: 50,
  attentionMs: 60_000,
  compensateEveryMs: 60_000,
};

export function onboarding(
  layers: Record<Layer, Isolation>,
  patience: Partial<Patience> = {},
): OperationCall<'tenant.onboard'> {
  const input = { tenantId: newId('tenant'), layers, serviceClass: 'standard' as const };
  return { operationId: newId('operation'), input, patience: { ...IMPATIENT, ...patience } };
}

export const POOLED: Record<Layer, Isolation> = {
  database: 'shared',
  storage: 'shared',
  key: 'shared',
  queue: 'shared',
};
export const DEDICATED: Record<Layer, Isolation> = {
  database: 'dedicated',
  storage: 'dedicated',
  key: 'dedicated',
  queue: 'dedicated',
};
export const HYBRID: Record<Layer, Isolation> = { ...POOLED, database: 'dedicated' };

const secret = (name: string): string => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}`;

/** What reserving answers for such a tenant. */
export function planFor({ input }: OperationCall<'tenant.onboard'>): PlacementPlan {
  const retention = { backupDays: 7, objectVersionDays: 30, logDays: 90 };
  const bindings = (Object.entries(input.layers) as [Layer, Isolation][]).map(([layer, isolation]) => ({
    bindingId: newId('binding'),
    layer,
    isolation,
    epoch: 1,
  }));
  const shared = bindings.filter(({ isolation }) => isolation === 'shared');
  const database = {
    host: '127.0.0.1',
    port: 5432,
    database: 'cell',
    masterSecretArn: secret('master'),
    servingSecretArn: secret('serving'),
  };
  const cell = {
    database,
    bucket: 'cell',
    keyArn: 'arn:aws:kms:us-east-1:000000000000:key/c',
    queueUrl: 'http://q/cell',
    deadLetterQueueUrl: 'http://q/dlq',
  };
  return {
    tenantId: input.tenantId,
    region: 'us-east-1',
    retention,
    bindings,
    shared: shared.length > 0 ? { cellId: newId('cell'), rosterId: newId('roster'), cell, bindings: shared } : null,
    dedicated:
      shared.length < bindings.length
        ? {
            stackId: newId('stack'),
            tenantId: input.tenantId,
            region: 'us-east-1',
            retention,
            sharedKeyArn: cell.keyArn,
          }
        : null,
  };
}
