import type { ServiceClass } from '@bulkhead/domain';
import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type {
  BillingActivities,
  ControlActivities,
  DriftActivities,
  FleetActivities,
  IsolationActivities,
  PlaneActivities,
  ProvisioningActivities,
  SettlingActivities,
} from '../activity-types.js';
import { CONTROL_QUEUE, DEFAULT_PATIENCE, OPERATOR_QUEUE, PROVISIONING_QUEUES, type Patience } from '../contract.js';

export function withDefaults(patience: Partial<Patience> | undefined): Patience {
  return { ...DEFAULT_PATIENCE, ...patience };
}

function options(patience: Patience, maximumAttempts: number): ActivityOptions {
  return {
    // The worker's interceptor heartbeats on a timer; without a sign for this long, the worker is taken for dead.
    heartbeatTimeout: '15s',
    // What is undone must not run any more: a cancelled activity counts as ended only when it says so.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: patience.initialMs,
      backoffCoefficient: 2,
      maximumInterval: Math.max(patience.maximumMs, patience.initialMs),
      maximumAttempts,
    },
  };
}

const UNLIMITED = Number.POSITIVE_INFINITY;

/** Activities as one operation calls them. */
export function workersFor(serviceClass: ServiceClass, patience: Patience) {
  const short = { taskQueue: CONTROL_QUEUE, startToCloseTimeout: '1m' } as const;
  // Longer than the longest run may take, so that the run's own error is the one that is heard.
  const long = { taskQueue: PROVISIONING_QUEUES[serviceClass], startToCloseTimeout: '75m' } as const;
  const bounded = options(patience, patience.attempts);
  return {
    control: proxyActivities<ControlActivities & BillingActivities>({ ...bounded, ...short }),
    /** Retried without end while the error may pass: for reports, and where "unknown" would be no answer. */
    persistent: proxyActivities<ControlActivities>({ ...options(patience, UNLIMITED), ...short }),
    /** These wait their turn behind other runs of the roster. */
    settling: proxyActivities<SettlingActivities>({ ...bounded, ...short, startToCloseTimeout: '1h' }),
    provisioning: proxyActivities<ProvisioningActivities & PlaneActivities & IsolationActivities>({
      ...bounded,
      ...long,
    }),
    operator: proxyActivities<DriftActivities & FleetActivities>({ ...bounded, ...long, taskQueue: OPERATOR_QUEUE }),
  };
}
export type Workers = ReturnType<typeof workersFor>;

/** One run of a roster, tried at most so many times. */
export function rosterRun(serviceClass: ServiceClass, patience: Patience, attempts: number) {
  const { runRoster } = proxyActivities<ProvisioningActivities>({
    ...options(patience, attempts),
    taskQueue: PROVISIONING_QUEUES[serviceClass],
    startToCloseTimeout: '1h',
  });
  return runRoster;
}
