import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { npmCommand } from './prerequisites.mjs';
import { during, Stop } from './report.mjs';
import { capture, tail } from './run.mjs';
import { ensureTool, TOOLS } from './tool-cache.mjs';
import { isAtLeast } from './versions.mjs';

// Older ones cannot load NestJS 12 from CommonJS under Jest.
const NEEDED = '24.9';

// Where each npm package keeps the binary.
function candidates(version) {
  const direct = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  return [
    { spec: `${direct}@${version}`, folder: direct },
    { spec: `node@${version}`, folder: 'node' },
  ];
}

// Tells why it did not work, or nothing when it did.
async function installFrom({ spec, folder }, target) {
  const work = join(target, 'work');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  writeFileSync(join(work, 'package.json'), '{"private":true}');
  const { command, prefix } = npmCommand();
  const args = [...prefix, 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', spec];
  const { code, output } = await capture(command, args, { cwd: work });
  const binary = join(work, 'node_modules', folder, 'bin', 'node');
  if (code !== 0 || !existsSync(binary)) return output;
  const works = await capture(binary, ['--version']);
  if (works.code !== 0 || !isAtLeast(works.output, NEEDED)) return works.output;
  mkdirSync(join(target, 'bin'));
  copyFileSync(binary, join(target, 'bin', 'node'));
  rmSync(work, { recursive: true });
  return undefined;
}

/**
 * A Node that is new enough: the running one, or one that npm brings into the tool cache.
 * @returns {Promise<string | undefined>} path of the binary; undefined when the running one will do
 */
export async function ensureNode() {
  if (isAtLeast(process.versions.node, NEEDED)) return undefined;
  const { version } = TOOLS.node;
  const folder = await ensureTool('node', async (target) => {
    await during(`Fetching Node ${version} from npm`, async () => {
      let reason = '';
      for (const candidate of candidates(version)) {
        reason = await installFrom(candidate, target);
        if (reason === undefined) return;
      }
      throw new Stop(
        `Node ${version} could not be fetched from npm:\n${tail(reason)}`,
        `Check the connection to the npm registry, or install Node ${NEEDED} or newer yourself.`,
      );
    });
  });
  return join(folder, 'bin', 'node');
}

/** The environment in which this Node comes first, for npm scripts and their children. */
export function withNodeFirst(node, env = process.env) {
  return { ...env, PATH: `${join(node, '..')}${delimiter}${env.PATH ?? ''}` };
}
