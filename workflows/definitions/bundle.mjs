import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

// Outside of src: what lies there runs in Temporal's sandbox, and this does not.
const FOLDER = fileURLToPath(new URL('./dist/', import.meta.url));
const BUNDLE = `${FOLDER}workflow-bundle.js`;
const SANDBOXED = ['operation', 'rosters', 'workflows'];

/**
 * The workflows and their interceptor as one file, for `Worker.create({workflowBundle})`. Bundling takes seconds, so
 * the build does it once; the file carries the digest of what went in, and a stale one is made again.
 */
export async function workflowBundle() {
  const mark = `// ${digestOfSources()}\n`;
  const built = readBuilt();
  if (built?.startsWith(mark)) return { code: built };
  const { code } = await bundleWorkflowCode({
    workflowsPath: `${FOLDER}workflows/index.js`,
    workflowInterceptorModules: [`${FOLDER}operation/step-context.js`],
    logger: silent,
  });
  const draft = `${BUNDLE}.${process.pid}`;
  writeFileSync(draft, mark + code);
  renameSync(draft, BUNDLE);
  return { code: mark + code };
}

function digestOfSources() {
  const temporal = createRequire(import.meta.url).resolve('@temporalio/workflow/package.json');
  const digest = createHash('sha256').update(readFileSync(temporal));
  for (const file of ['contract.js', ...SANDBOXED.flatMap(scripts)]) {
    digest.update(`${file}\n`).update(readFileSync(FOLDER + file));
  }
  return digest.digest('hex');
}

function scripts(folder) {
  const names = readdirSync(FOLDER + folder).filter((name) => name.endsWith('.js') && !name.endsWith('.test.js'));
  return names.toSorted().map((name) => `${folder}/${name}`);
}

function readBuilt() {
  try {
    return readFileSync(BUNDLE, 'utf8');
  } catch {
    return undefined;
  }
}

const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

if (import.meta.main) await workflowBundle();
