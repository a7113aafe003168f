import { existsSync, rmSync } from 'node:fs';
import { lockFolder } from './folder-lock.js';
import { openStateFolder } from './state-folder.js';
import { stopLeftovers } from './leftovers.js';
import { localError } from './local-error.js';

/**
 * Stops what an earlier run left behind and removes the state folder.
 * @throws BulkheadError `local_stack_running` while the stack runs; `local_not_a_state_folder`, so that a wrong
 * BULKHEAD_DIR cannot delete something else.
 */
export async function resetStack(dir: string, log: (line: string) => void): Promise<void> {
  if (!existsSync(dir)) {
    log(`${dir} does not exist; there is nothing to reset.`);
    return;
  }
  if (!existsSync(`${dir}/run`) || !existsSync(`${dir}/logs`)) {
    throw localError(
      'local_not_a_state_folder',
      `${dir} does not look like a state folder of Bulkhead.`,
      'Check BULKHEAD_DIR.',
    );
  }
  const folder = openStateFolder(dir);
  lockFolder(folder.dir);
  await stopLeftovers(folder, log);
  log(`Removing ${folder.dir} with the local tenants in it.`);
  rmSync(folder.dir, { recursive: true, force: true });
}
