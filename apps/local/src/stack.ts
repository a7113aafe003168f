import { type ControlPlane, startControlPlane } from './control-plane.js';
import { type Engines, type EnginesOptions, startEngines } from './engines.js';
import { startWorkloadPlane, type WorkloadPlane } from './workload-plane.js';

export interface Stack {
  readonly engines: Engines;
  readonly controlPlane: ControlPlane;
  readonly workloadPlane: WorkloadPlane;
  /** Stops everything in order; the state stays. */
  stop(): Promise<void>;
}

/**
 * Starts engines, control plane and the sample workload. When a part fails, everything is stopped before the error is thrown.
 * @throws BulkheadError with a sentence for the user and a way out.
 */
export async function startStack(options: EnginesOptions = {}): Promise<Stack> {
  const engines = await startEngines(options);
  try {
    const controlPlane = await startControlPlane(engines);
    const workloadPlane = await startWorkloadPlane(engines, controlPlane.apiUrl);
    return { engines, controlPlane, workloadPlane, stop: async () => await engines.stop() };
  } catch (error) {
    await engines.stop();
    throw error;
  }
}
