export { applyChange } from './apply-change.workflow.js';
export { applyFleetPlan } from './apply-fleet-plan.workflow.js';
export { applyLandingZone } from './apply-landing-zone.workflow.js';
export { cellRosters } from './cell-rosters.workflow.js';
export { createCell } from './create-cell.workflow.js';
export { detectDrift, remedyDrift, requestDriftRun } from './drift.workflow.js';
export { proveIsolation, requestIsolationProof } from './prove-isolation.workflow.js';
export { renewContextKeys } from './renew-context-keys.workflow.js';
export { onboardTenant } from './onboard-tenant.workflow.js';
