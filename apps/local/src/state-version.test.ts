import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStateFolder, writePrivateFile } from './state-folder.js';
import { requireStateVersion, STATE_VERSION } from './state-version.js';

const root = mkdtempSync(join(tmpdir(), 'bulkhead-state-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('lets a new folder in, and the same one again', () => {
  const folder = openStateFolder(join(root, 'new'));
  requireStateVersion(folder);
  writePrivateFile(folder.path('secrets.json'), '{}');
  expect(() => requireStateVersion(folder)).not.toThrow();
});

it.each([
  ['of before folders had a version', undefined, 'an earlier version of their schema'],
  ['of an earlier release', 5, 'version 5 of their schema'],
  ['of a later release', 99, 'version 99 of their schema'],
])('refuses a folder %s, names both versions and says what to do', (name, version, said) => {
  const folder = openStateFolder(join(root, name));
  writePrivateFile(folder.path('secrets.json'), '{}');
  if (version !== undefined) writePrivateFile(folder.path('state-version.json'), JSON.stringify({ version }));
  const refusal = expect.objectContaining({
    code: 'local_state_version',
    publicMessage: expect.stringContaining(`${said}, and this release has version ${STATE_VERSION}.`),
    remediation: expect.stringContaining('npm run reset'),
  });
  expect(() => requireStateVersion(folder)).toThrow(refusal);
});

it('has the version of the schema that new databases get', () => {
  const programs = readFileSync(new URL('../../../infra/programs/src/schema-version.ts', import.meta.url), 'utf8');
  expect(programs).toContain(`SCHEMA_VERSION = '${STATE_VERSION}'`);
});
