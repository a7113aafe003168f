import { billingActivities } from './billing.activities.js';
import { controlActivities } from './control.activities.js';
import type { Dependencies } from './dependencies.js';
import { driftActivities } from './drift.activities.js';
import { fleetActivities } from './fleet.activities.js';
import { isolationActivities } from './isolation.activities.js';
import { planeActivities } from './plane.activities.js';
import { provisioningActivities } from './provisioning.activities.js';
import { settlingActivities } from './settling.activities.js';

export { send, type Dependencies } from './dependencies.js';
export type { ProvenService, ProverOptions } from './isolation/prover.js';
export { StepInterceptor } from './step-interceptor.js';
export { StepProgress } from './step-progress.js';

/** Activities of `CONTROL_QUEUE`: short, and close to the control database. */
export function controlQueueActivities(dependencies: Dependencies) {
  return {
    ...controlActivities(dependencies),
    ...settlingActivities(dependencies),
    ...billingActivities(dependencies),
  };
}

/** Activities of `PROVISIONING_QUEUES`: long, and close to the cloud. */
export function provisioningQueueActivities(dependencies: Dependencies) {
  return {
    ...provisioningActivities(dependencies),
    ...planeActivities(dependencies),
    ...isolationActivities(dependencies),
  };
}

/** Activities of `OPERATOR_QUEUE`: long, and no tenant waits for them. */
export function operatorQueueActivities(dependencies: Dependencies) {
  return { ...driftActivities(dependencies), ...fleetActivities(dependencies) };
}
