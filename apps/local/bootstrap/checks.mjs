import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npmCommand } from './prerequisites.mjs';
import { say } from './report.mjs';
import { handOver } from './run.mjs';

const CHECKS = ['format:check', 'lint', 'boundaries'];

/**
 * Counts of a Jest result file. A suite that could not be loaded, and a run that found no test, count as a failure:
 * they would pass by doing nothing.
 */
export function countJest(result) {
  if (!result) return { passed: 0, failed: 1 };
  const { numPassedTests: passed, numFailedTests, numRuntimeErrorTestSuites, numTotalTests } = result;
  return { passed, failed: numFailedTests + numRuntimeErrorTestSuites + (numTotalTests === 0 ? 1 : 0) };
}

async function runJest(root, config, args) {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-jest-'));
  const outputFile = join(folder, 'result.json');
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const jest = [
    join(root, 'node_modules/jest/bin/jest.js'),
    '--config',
    join(root, config),
    '--json',
    '--outputFile',
    outputFile,
  ];
  try {
    // The result goes to the file; Jest's own report goes to stderr.
    const code = await handOver(process.execPath, [...node, ...jest, ...args], {
      cwd: root,
      stdio: ['inherit', 'ignore', 'inherit'],
    });
    const count = countJest(existsSync(outputFile) ? JSON.parse(readFileSync(outputFile, 'utf8')) : undefined);
    return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runCheck(root, name) {
  say(`\n${name}`);
  const { command, prefix } = npmCommand();
  const code = await handOver(command, [...prefix, 'run', '--silent', name], {
    cwd: root,
    env: { ...process.env, NX_DAEMON: 'false' },
  });
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function hasEndToEndTests(root) {
  const files = ['apps', 'test'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true }));
  return files.some((file) => file.endsWith('.e2e.test.ts'));
}

function finish(counts) {
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/**
 * Runs every check and every test, also after a failure; each check counts as one test.
 * @param {string[]} args goes to Jest, which then runs alone
 * @returns {Promise<number>} exit code
 */
export async function runTests(root, args) {
  if (args.length > 0) return finish([await runJest(root, 'jest.config.mjs', args)]);
  const counts = [];
  for (const name of CHECKS) counts.push(await runCheck(root, name));
  say('\nunit and engine tests');
  counts.push(await runJest(root, 'jest.config.mjs', []));
  if (hasEndToEndTests(root)) {
    say('\nend-to-end tests');
    counts.push(await runJest(root, 'jest.e2e.config.mjs', []));
  }
  return finish(counts);
}

/** Runs the long crash matrix. */
export async function runFaults(root, args) {
  return finish([await runJest(root, 'jest.faults.config.mjs', args)]);
}
