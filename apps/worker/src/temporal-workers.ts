import {
  controlQueueActivities,
  operatorQueueActivities,
  provisioningQueueActivities,
  StepInterceptor,
  type Dependencies,
} from '@bulkhead/activities';
import { CONTROL_QUEUE, OPERATOR_QUEUE, PROVISIONING_QUEUES, WORKFLOW_QUEUE } from '@bulkhead/definitions';
import { workflowBundle } from '@bulkhead/definitions/bundle';
import { SERVICE_CLASSES } from '@bulkhead/domain';
import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';

/** Pulumi runs at the same time and service class: each is a process of its own of some 300 MB. */
const RUNS_AT_ONCE = 3;
/** A comparison of the fleet takes hours where it is large; a remedy must not wait for its end. */
const OPERATOR_RUNS_AT_ONCE = 2;
/**
 * After a signal to stop: how long what runs may go on, and when what is told to stop is left behind. In between a
 * cancelled run of Pulumi finishes what is under way (20 s); all of it fits in the half minute that whoever stops the
 * worker waits.
 */
const SHUTDOWN = { shutdownGraceTime: '5s', shutdownForceTime: '27s' } as const;

/** One Temporal worker for each queue, so that no kind of work waits behind another. */
export async function createWorkers(
  connection: NativeConnection,
  namespace: string,
  dependencies: Dependencies,
): Promise<Worker[]> {
  const { progress, logger } = dependencies;
  const common = {
    connection,
    namespace,
    ...SHUTDOWN,
    // Cancellations arrive with heartbeats; held back for longer, a cancelled run would go on for as long.
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
    interceptors: { activity: [(context) => ({ inbound: new StepInterceptor(context, progress, logger) })] },
  } satisfies Partial<WorkerOptions>;
  const provisioning = provisioningQueueActivities(dependencies);
  return Promise.all([
    Worker.create({ ...common, taskQueue: WORKFLOW_QUEUE, workflowBundle: await workflowBundle() }),
    Worker.create({ ...common, taskQueue: CONTROL_QUEUE, activities: controlQueueActivities(dependencies) }),
    Worker.create({
      ...common,
      taskQueue: OPERATOR_QUEUE,
      activities: operatorQueueActivities(dependencies),
      maxConcurrentActivityTaskExecutions: OPERATOR_RUNS_AT_ONCE,
    }),
    ...SERVICE_CLASSES.map((serviceClass) =>
      Worker.create({
        ...common,
        taskQueue: PROVISIONING_QUEUES[serviceClass],
        activities: provisioning,
        maxConcurrentActivityTaskExecutions: RUNS_AT_ONCE,
      }),
    ),
  ]);
}
