import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DATABASE_ROLES, loadSecrets, saveSecrets } from './local-secrets.js';
import { openStateFolder } from './state-folder.js';

describe('the secrets of a state folder', () => {
  it('stay the same, but for a role that the folder’s release did not know', () => {
    const dir = mkdtempSync(join(tmpdir(), 'bulkhead-secrets-'));
    try {
      const folder = openStateFolder(dir);
      const made = loadSecrets(folder);
      expect(loadSecrets(folder)).toEqual(made);
      const { bulkhead_workload: _, ...older } = made.databaseRoles;
      saveSecrets(folder, { ...made, databaseRoles: older as typeof made.databaseRoles });
      const upgraded = loadSecrets(folder);
      expect(Object.keys(upgraded.databaseRoles).toSorted()).toEqual([...DATABASE_ROLES].toSorted());
      expect(upgraded).toMatchObject({ ...made, databaseRoles: older });
      expect(loadSecrets(folder)).toEqual(upgraded);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
