import type { Headers, Payload } from '@temporalio/common';
import type {
  ActivityInput,
  ContinueAsNewInput,
  LocalActivityInput,
  Next,
  SignalWorkflowInput,
  StartChildWorkflowExecutionInput,
  WorkflowExecuteInput,
  WorkflowInboundCallsInterceptor,
  WorkflowInterceptors,
  WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import { TENANT_HEADER, tenantHeaderOf } from './tenant-header.js';

// Runs in Temporal's sandbox: no Node modules, no clients, no keys. The header goes on as it came; who must believe it,
// an activity, checks it.

type Outbound<Name extends keyof WorkflowOutboundCallsInterceptor> = Next<WorkflowOutboundCallsInterceptor, Name>;

class TenantPropagation implements WorkflowInboundCallsInterceptor, WorkflowOutboundCallsInterceptor {
  #header: Payload | undefined;

  execute(input: WorkflowExecuteInput, next: Next<WorkflowInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    this.#header = input.headers[TENANT_HEADER];
    tenantOfWorkflow = tenantHeaderOf(input.headers)?.tenantId;
    return next(input);
  }

  scheduleActivity(input: ActivityInput, next: Outbound<'scheduleActivity'>): Promise<unknown> {
    return next({ ...input, headers: this.#with(input.headers) });
  }

  scheduleLocalActivity(input: LocalActivityInput, next: Outbound<'scheduleLocalActivity'>): Promise<unknown> {
    return next({ ...input, headers: this.#with(input.headers) });
  }

  startChildWorkflowExecution(
    input: StartChildWorkflowExecutionInput,
    next: Outbound<'startChildWorkflowExecution'>,
  ): Promise<[Promise<string>, Promise<unknown>]> {
    return next({ ...input, headers: this.#with(input.headers) });
  }

  signalWorkflow(input: SignalWorkflowInput, next: Outbound<'signalWorkflow'>): Promise<void> {
    return next({ ...input, headers: this.#with(input.headers) });
  }

  continueAsNew(input: ContinueAsNewInput, next: Outbound<'continueAsNew'>): Promise<never> {
    return next({ ...input, headers: this.#with(input.headers) });
  }

  #with(headers: Headers): Headers {
    return this.#header === undefined ? headers : { ...headers, [TENANT_HEADER]: this.#header };
  }
}

/** Each workflow has this module to itself. */
let tenantOfWorkflow: string | undefined;

/** The tenant that the running workflow says it is for. Good for names and search attributes; it proves nothing. */
export function workflowTenant(): string | undefined {
  return tenantOfWorkflow;
}

/** For `workflowInterceptorModules` of a worker or bundle. */
export function interceptors(): WorkflowInterceptors {
  const propagation = new TenantPropagation();
  return { inbound: [propagation], outbound: [propagation] };
}
