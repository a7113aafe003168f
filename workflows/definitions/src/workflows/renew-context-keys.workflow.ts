import { DEFAULT_PATIENCE } from '../contract.js';
import { workersFor } from '../operation/proxies.js';

/** Changes the keys that sign database contexts, where they are due. Nobody waits for it and nothing is promised. */
export async function renewContextKeys(): Promise<{ readonly renewed: number }> {
  return workersFor('standard', DEFAULT_PATIENCE).provisioning.renewContextKeys();
}
