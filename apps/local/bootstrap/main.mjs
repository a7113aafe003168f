// From a fresh clone to a running stack: brings Node, packages and tools, builds, and runs one command. Plain
// JavaScript for Node 20 without dependencies, because nothing else is there yet.
import { fileURLToPath } from 'node:url';
import { buildAll } from './build.mjs';
import { runFaults, runTests } from './checks.mjs';
import { ensureNode, withNodeFirst } from './node-runtime.mjs';
import { ensurePackages } from './packages.mjs';
import { requireNode, requireNpm } from './prerequisites.mjs';
import { ensurePulumi } from './pulumi-cli.mjs';
import { ensurePythonTools } from './python-tools.mjs';
import { say, Stop } from './report.mjs';
import { handOver } from './run.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[\\/]$/, '');
const COMMANDS = ['start', 'demo', 'reset', 'test', 'faults', 'bench', 'build'];

// One after the other: they would measure each other. Each writes its figures to bench-<name>.json.
async function runBenches([pairs]) {
  let worst = 0;
  for (const name of ['context', 'entitlements', 'fleet', 'neighbour', 'preview']) {
    const script = [`${ROOT}/test/dist/bench/${name}.bench.js`, ...(pairs ? [pairs] : [])];
    worst = Math.max(worst, await handOver(process.execPath, script, { stdio: 'inherit' }));
  }
  return worst;
}

async function prepare() {
  await ensurePythonTools();
  await ensurePulumi();
  await ensurePackages(ROOT);
  await buildAll(ROOT);
}

async function run(command, args) {
  await prepare();
  if (command === 'build') return 0;
  if (command === 'test') return await runTests(ROOT, args);
  if (command === 'faults') return await runFaults(ROOT, args);
  if (command === 'bench') return await runBenches(args);
  const { main } = await import(new URL('../dist/main.js', import.meta.url).href);
  return await main(command, args);
}

async function bootstrap([command, ...args]) {
  if (!COMMANDS.includes(command))
    throw new Stop(`There is no command "${command ?? ''}".`, `Use one of: ${COMMANDS.join(', ')}.`);
  requireNode();
  await requireNpm();
  const node = await ensureNode();
  if (node === undefined) return await run(command, args);
  // The channel tells the other process when this one is killed.
  const options = { env: withNodeFirst(node), stdio: ['inherit', 'inherit', 'inherit', 'ipc'] };
  return await handOver(node, [fileURLToPath(import.meta.url), command, ...args], options);
}

try {
  process.exit(await bootstrap(process.argv.slice(2)));
} catch (error) {
  say(`\n${error instanceof Stop ? error.message : error.stack}`);
  process.exit(1);
}
