import { existsSync } from 'node:fs';
import { localError } from './local-error.js';
import { readJson, writePrivateFile, type StateFolder } from './state-folder.js';

/**
 * Version of what a start takes as it finds it: the schema of the tenants' databases, which only a run of their stacks
 * brings up to date. Raised together with that schema.
 */
export const STATE_VERSION = 6;

/**
 * Writes the version into a folder that is new.
 * @throws BulkheadError `local_state_version` for a folder of another release, with both versions and a way out.
 */
export function requireStateVersion(folder: StateFolder): void {
  const file = folder.path('state-version.json');
  const kept = readJson(file) as { readonly version?: unknown } | undefined;
  if (kept?.version === STATE_VERSION) return;
  // The first file of secrets tells that a start came so far; folders before version 6 did not say theirs.
  const isNew = kept === undefined && !existsSync(folder.path('secrets.json'));
  if (isNew) {
    writePrivateFile(file, `${JSON.stringify({ version: STATE_VERSION })}\n`);
    return;
  }
  const theirs = kept === undefined ? 'an earlier version' : `version ${String(kept.version)}`;
  throw localError(
    'local_state_version',
    `The state folder ${folder.dir} was made by another release of Bulkhead: its tenants' databases have ${theirs} of their schema, and this release has version ${STATE_VERSION}.`,
    'Start it with the release that made it, choose another folder with BULKHEAD_DIR, or run `npm run reset` to begin anew (this deletes the local tenants).',
  );
}
