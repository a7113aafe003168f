import {
  AbandonTenant,
  ActivateTenant,
  ClosePlanStack,
  EndDrift,
  GrantEntitlements,
  RecordCell,
  ProveIsolation,
  RecordLandingZone,
  RecordProof,
  RecordRetired,
  ReleaseChange,
  ReportOperation,
  principalName,
  ReservePlacement,
  RunDrift,
  SettleStateLosses,
  RetirePlacement,
  SwitchPlan,
  WORKER,
} from '@bulkhead/control';
import type { ControlActivities } from '@bulkhead/definitions';
import { BulkheadError } from '@bulkhead/kernel';
import { send, type Dependencies } from './dependencies.js';

/** Reports and decisions of the control plane: each is one command. */
export function controlActivities(dependencies: Dependencies): ControlActivities {
  const { progress, gate } = dependencies;
  return {
    async reportOperation(report) {
      if (report.state === 'failed' || report.state === 'cancelled') await progress.closed(report.operationId);
      await send(dependencies, new ReportOperation(report));
    },
    async needAttention({ operationId, step, failure, waitingFor }) {
      await progress.waiting({ operationId, step }, failure, waitingFor);
      await send(dependencies, new ReportOperation({ operationId, state: 'needs_attention', error: failure }));
    },
    reservePlacement: (call) => send(dependencies, new ReservePlacement(call)),
    async retirePlacement(call) {
      const { bindings } = await send(dependencies, new RetirePlacement(call));
      const bindingIds = bindings.map(({ bindingId }) => bindingId);
      await send(dependencies, new RecordRetired({ ...call, bindingIds }));
    },
    async grantEntitlements(call) {
      await send(dependencies, new GrantEntitlements(call));
    },
    activateTenant: (call) => send(dependencies, new ActivateTenant(call)),
    async switchPlan(call) {
      await send(dependencies, new SwitchPlan(call));
    },
    releaseChange: (call) => send(dependencies, new ReleaseChange(call)),
    abandonTenant: (call) => send(dependencies, new AbandonTenant(call)),
    recordCell: (call) => send(dependencies, new RecordCell(call)),
    async requestIsolationProof({ key }) {
      const command = new ProveIsolation(principalName(WORKER));
      try {
        await gate.execute(command, { principal: WORKER, idempotencyKey: key });
      } catch (error) {
        // One that runs already is as good as a new one.
        if (!(error instanceof BulkheadError && error.code === 'operation_in_progress')) throw error;
      }
    },
    async requestDriftRun({ key }) {
      const command = new RunDrift({ requestedBy: principalName(WORKER) });
      try {
        await gate.execute(command, { principal: WORKER, idempotencyKey: key });
      } catch (error) {
        if (!(error instanceof BulkheadError && error.code === 'operation_in_progress')) throw error;
      }
    },
    endDriftRun: (call) => send(dependencies, new EndDrift(call)),
    releaseRemedy: (call) => send(dependencies, new ReleaseChange(call)),
    settleLosses: ({ operationId, stack, lost }) =>
      send(dependencies, new SettleStateLosses({ operationId, stack, lost })),
    closePlanStack: ({ operationId, planHash, stack }) =>
      send(dependencies, new ClosePlanStack({ operationId, planHash, stack })),
    recordProofFailed: ({ proofId }) => send(dependencies, new RecordProof({ proofId, signed: null })),
    recordLandingZone: (call) => send(dependencies, new RecordLandingZone(call)),
  };
}
