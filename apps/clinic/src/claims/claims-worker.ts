import type { Logger } from '@bulkhead/runtime';
import {
  TenantConsumer,
  type ConsumerLogin,
  type TenantContext,
  type TenantDatabases,
  type TenantQueues,
} from '@bulkhead/tenancy';
import { ClinicDatabase } from '../database/clinic-database.js';
import { claimDecisions } from './claim-decisions.js';
import { SUBMIT_CLAIM } from './claim-messages.js';

export interface ClaimsWorkerOptions {
  readonly databases: TenantDatabases;
  readonly queues: TenantQueues;
  readonly consumerLogin: ConsumerLogin;
  /** Databases whose lanes are served. */
  readonly homes: () => Promise<readonly string[]>;
  /** Tenants that are served now, of which some have a queue of their own. */
  readonly tenants: () => Promise<readonly string[]>;
  /** The service's own context for a tenant. */
  readonly contextFor: (tenantId: string) => Promise<TenantContext>;
  readonly logger: Logger;
}

/** Whether a tenant has a queue of its own may change when it moves, milliseconds. */
const OWN_QUEUE_TTL_MS = 60_000;

/** Decides the claims of all tenants, each in its turn; nothing of a claim is logged. */
export function createClaimsWorker(options: ClaimsWorkerOptions): TenantConsumer {
  const { databases, queues, consumerLogin, homes, contextFor, logger } = options;
  return new TenantConsumer({
    queues,
    connect: consumerLogin,
    homes,
    tenants: ownQueues(options),
    contextFor,
    handlers: { [SUBMIT_CLAIM]: claimDecisions(new ClinicDatabase(databases)) },
    onClaimFailure: (queue, error) => logger.warn('Messages cannot be claimed now.', { queue, error }),
    onOutcome: ({ tenantId, outcome, reason }) =>
      logger[outcome === 'done' ? 'info' : 'warn']('Handled a claim.', {
        tenantId,
        state: outcome,
        code: reason ?? '',
      }),
  });
}

/** Asks each tenant once in a while; one that cannot be asked now is asked again at the next look. */
function ownQueues({ tenants, queues, contextFor }: ClaimsWorkerOptions): () => Promise<readonly string[]> {
  const known = new Map<string, { readonly own: boolean; readonly until: number }>();
  const learn = async (tenantId: string): Promise<void> => {
    if ((known.get(tenantId)?.until ?? 0) > Date.now()) return;
    const own = await queues.hasOwnQueue(await contextFor(tenantId));
    known.set(tenantId, { own, until: Date.now() + OWN_QUEUE_TTL_MS });
  };
  return async () => {
    const served = await tenants();
    for (const tenantId of known.keys()) if (!served.includes(tenantId)) known.delete(tenantId);
    await Promise.allSettled(served.map(learn));
    return served.filter((tenantId) => known.get(tenantId)?.own === true);
  };
}
