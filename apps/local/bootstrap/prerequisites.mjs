import { Stop } from './report.mjs';
import { capture } from './run.mjs';
import { isAtLeast } from './versions.mjs';

const OLDEST_NODE = '20.0';
const OLDEST_PYTHON = '3.10';

/** @throws {Stop} when the running Node is too old even to fetch another one */
export function requireNode(version = process.versions.node) {
  if (isAtLeast(version, OLDEST_NODE)) return;
  throw new Stop(
    `Node ${version} is too old.`,
    'Install Node 20 or newer from https://nodejs.org and run the command again.',
  );
}

/** How to run npm: the one that runs this script where there is one, else the one in the PATH. */
export function npmCommand(env = process.env) {
  const script = env.npm_execpath;
  return script?.endsWith('npm-cli.js')
    ? { command: process.execPath, prefix: [script] }
    : { command: 'npm', prefix: [] };
}

/** @throws {Stop} when npm cannot be run */
export async function requireNpm() {
  const { command, prefix } = npmCommand();
  const { code } = await capture(command, [...prefix, '--version']);
  if (code === 0) return;
  throw new Stop('npm is not there.', 'Install npm, which usually comes with Node, and run the command again.');
}

/**
 * The command of a Python that can make virtual environments.
 * @throws {Stop} when there is none
 */
export async function requirePython() {
  let old;
  for (const command of ['python3', 'python']) {
    const { code, output } = await capture(command, ['--version']);
    if (code !== 0) continue;
    if (!isAtLeast(output, OLDEST_PYTHON)) {
      old = output.trim();
      continue;
    }
    const modules = await capture(command, ['-c', 'import ensurepip, venv']);
    if (modules.code === 0) return command;
    throw new Stop(
      `${output.trim()} cannot make virtual environments.`,
      'Install its venv module (on Debian and Ubuntu: `apt install python3-venv`) and run the command again.',
    );
  }
  throw new Stop(
    old ? `${old} is too old.` : 'Python is not there.',
    'Install Python 3.10 or newer with its venv module and run the command again.',
  );
}

/** The version of Go that is in the PATH, or undefined. */
export async function findGo() {
  const { code, output } = await capture('go', ['version']);
  return code === 0 ? /go(\d+\.\d+(?:\.\d+)?)/.exec(output)?.[1] : undefined;
}
