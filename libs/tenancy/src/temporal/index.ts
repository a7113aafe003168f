import { BulkheadError } from '@bulkhead/kernel';
import type { Context } from '@temporalio/activity';
import type { WorkflowClientInterceptor, WorkflowStartInput } from '@temporalio/client';
import { ApplicationFailure, type Headers } from '@temporalio/common';
import type {
  ActivityExecuteInput,
  ActivityInboundCallsInterceptor,
  ActivityInterceptorsFactory,
  Next,
} from '@temporalio/worker';
import { currentTenant, runWithTenant, type TenantContext } from '../context/tenant-context.js';
import type { TenantKeys } from '../keys/tenant-keys.js';
import { headerPayload, TENANT_HEADER, tenantHeaderOf, type TenantHeader } from './tenant-header.js';

const PURPOSE = 'temporal/header';

/**
 * Names the current tenant in the header of every workflow that is started, signalled with start, or updated with start.
 * Starting one without a tenant rejects with `no_tenant_context`.
 */
export function tenantClientInterceptor({ keys }: { readonly keys: TenantKeys }): WorkflowClientInterceptor {
  const withTenant = async <I extends { readonly headers: Headers }>(input: I): Promise<I> => {
    if (TENANT_HEADER in input.headers) return input;
    const context = currentTenant();
    const seal = await keys.encrypt(context, PURPOSE, Buffer.from(context.tenantId));
    const header: TenantHeader = { tenantId: context.tenantId, seal: seal.toString('base64') };
    return { ...input, headers: { ...input.headers, [TENANT_HEADER]: headerPayload(header) } };
  };
  return {
    startWithDetails: async (input: WorkflowStartInput, next) => next(await withTenant(input)),
    signalWithStart: async (input, next) => next(await withTenant(input)),
    startUpdateWithStart: async (input, next) => {
      const { headers } = await withTenant({ headers: input.workflowStartHeaders });
      return next({ ...input, workflowStartHeaders: headers });
    },
  };
}

export interface TenantActivityOptions {
  readonly keys: TenantKeys;
  /** Gets the service's own context for a tenant. When it rejects, the activity is tried again. */
  readonly contextFor: (tenantId: string) => Promise<TenantContext>;
}

/** Runs activities inside of the tenant's context that their workflow was started for; for `interceptors.activity`. */
export function tenantActivityInterceptor(options: TenantActivityOptions): ActivityInterceptorsFactory {
  return (_context: Context) => ({ inbound: new TenantActivities(options) });
}

class TenantActivities implements ActivityInboundCallsInterceptor {
  constructor(private readonly options: TenantActivityOptions) {}

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const header = tenantHeaderOf(input.headers);
    if (header === undefined) throw refused('tenant_header_missing', 'The activity was started without a tenant.');
    const context = await this.options.contextFor(header.tenantId);
    if (context.tenantId !== header.tenantId) throw forged();
    await this.#prove(context, header);
    return runWithTenant(context, () => next(input));
  }

  /** Only who could encrypt for the tenant can have made the seal. */
  async #prove(context: TenantContext, { seal }: TenantHeader): Promise<void> {
    try {
      await this.options.keys.decrypt(context, PURPOSE, Buffer.from(seal, 'base64'));
    } catch (error) {
      if (error instanceof BulkheadError && error.code === 'tenant_message_unreadable') throw forged();
      throw error;
    }
  }
}

function forged(): ApplicationFailure {
  return refused('tenant_header_forged', 'The activity was not started by the tenant that it names.');
}

/** Not tried again: the header of a workflow does not change. */
function refused(type: string, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true });
}
