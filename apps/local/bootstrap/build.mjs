import { npmCommand } from './prerequisites.mjs';
import { during, Stop } from './report.mjs';
import { capture, tail } from './run.mjs';

/** Compiles what changed since the last build; Nx takes the rest from its cache. */
export async function buildAll(root) {
  const { command, prefix } = npmCommand();
  await during('Building', async () => {
    const env = { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' };
    const { code, output } = await capture(command, [...prefix, 'run', '--silent', 'build'], { cwd: root, env });
    if (code !== 0)
      throw new Stop(`The build failed:\n${tail(output, 60)}`, 'Mend the errors above and run the command again.');
  });
}
