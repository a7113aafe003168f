import { type ControlPlane, startControlPlane } from './control-plane.js';
import { type Engines, type EnginesOptions, startEngines } from './engines.js';

export interface Stack {
  readonly engines: Engines;
  readonly controlPlane: ControlPlane;
  /** Stops everything in order; the state stays. */
  stop(): Promise<void>;
}

/**
 * Starts engines and control plane. When a part fails, everything is stopped before the error is thrown.
 * @throws BulkheadError with a sentence for the user and a way out.
 */
export async function startStack(options: EnginesOptions = {}): Promise<Stack> {
  const engines = await startEngines(options);
  try {
    const controlPlane = await startControlPlane(engines);
    return { engines, controlPlane, stop: async () => await engines.stop() };
  } catch (error) {
    await engines.stop();
    throw error;
  }
}
