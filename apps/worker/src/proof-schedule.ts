import { PROOF_SCHEDULE, REQUEST_PROOF_WORKFLOW, WORKFLOW_QUEUE } from '@bulkhead/definitions';
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';

/** UTC; a quiet hour in the regions that there are. */
const HOUR = 8;
const MINUTE = 17;

/** Sees to it that isolation is proven every day. Any worker may have done so before; an operator may have changed it. */
export async function ensureProofSchedule(temporal: Client): Promise<void> {
  try {
    await temporal.schedule.create({
      scheduleId: PROOF_SCHEDULE,
      spec: { calendars: [{ hour: HOUR, minute: MINUTE, comment: 'isolation proof' }] },
      action: {
        type: 'startWorkflow',
        workflowType: REQUEST_PROOF_WORKFLOW,
        workflowId: PROOF_SCHEDULE,
        taskQueue: WORKFLOW_QUEUE,
        args: [],
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour' },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
