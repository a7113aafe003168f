import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPulumi } from './pulumi-root.js';

const { pulumi } = JSON.parse(readFileSync(new URL('../../local/tools.json', import.meta.url), 'utf8'));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulkhead-pulumi-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Puts a CLI into a folder; the answer is the folder. */
const installed = (...path: string[]): string => {
  const root = join(folder, ...path);
  mkdirSync(join(root, 'bin'), { recursive: true });
  writeFileSync(join(root, 'bin', 'pulumi'), '');
  chmodSync(join(root, 'bin', 'pulumi'), 0o755);
  return root;
};
const cached = `${pulumi.folder}-${process.platform}-${process.arch}`;

it('finds what the local stack has brought, wherever its cache is', async () => {
  const usual = installed('.cache', 'bulkhead', 'tools', cached);
  expect(await findPulumi({ HOME: folder })).toBe(usual);
  const moved = installed('elsewhere', 'bulkhead', 'tools', cached);
  expect(await findPulumi({ HOME: folder, XDG_CACHE_HOME: join(folder, 'elsewhere') })).toBe(moved);
  const named = installed('tools', cached);
  expect(await findPulumi({ HOME: folder, BULKHEAD_TOOLS_DIR: join(folder, 'tools') })).toBe(named);
});

it('prefers what is named, and that cache to the PATH, which may have another version', async () => {
  const path = installed('opt', 'pulumi');
  const environment = { HOME: folder, PATH: join(path, 'bin') };
  expect(await findPulumi(environment)).toBe(path);
  const cache = installed('.cache', 'bulkhead', 'tools', cached);
  expect(await findPulumi(environment)).toBe(cache);
  const named = installed('named');
  expect(await findPulumi({ ...environment, BULKHEAD_PULUMI_ROOT: named })).toBe(named);
});

it('says where it has looked', async () => {
  installed('.cache', 'bulkhead', 'tools', 'pulumi-0.0.1-linux-x64');
  const error = await findPulumi({ HOME: folder }).catch((thrown: unknown) => thrown);
  const remediation = expect.stringContaining(join(folder, '.cache', 'bulkhead', 'tools', cached));
  expect(error).toMatchObject({ code: 'pulumi_missing', remediation });
});
