import {
  CONTEXT_KEY_SCHEDULE,
  DRIFT_SCHEDULE,
  PROOF_SCHEDULE,
  RENEW_CONTEXT_KEYS_WORKFLOW,
  REQUEST_DRIFT_WORKFLOW,
  REQUEST_PROOF_WORKFLOW,
  WORKFLOW_QUEUE,
} from '@bulkhead/definitions';
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';

/** What happens every day, at which time (UTC): in quiet hours of the regions that there are. */
const DAILY = [
  { scheduleId: PROOF_SCHEDULE, workflowType: REQUEST_PROOF_WORKFLOW, hour: 8, minute: 17 },
  { scheduleId: CONTEXT_KEY_SCHEDULE, workflowType: RENEW_CONTEXT_KEYS_WORKFLOW, hour: 7, minute: 41 },
  { scheduleId: DRIFT_SCHEDULE, workflowType: REQUEST_DRIFT_WORKFLOW, hour: 6, minute: 23 },
] as const;

/** Sees to it that the schedules are there. Any worker may have made them; an operator may have changed them. */
export async function ensureSchedules(temporal: Client): Promise<void> {
  for (const { scheduleId, workflowType, hour, minute } of DAILY) {
    try {
      await temporal.schedule.create({
        scheduleId,
        spec: { calendars: [{ hour, minute }] },
        action: { type: 'startWorkflow', workflowType, workflowId: scheduleId, taskQueue: WORKFLOW_QUEUE, args: [] },
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour' },
      });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
  }
}
