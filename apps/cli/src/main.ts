import { writeSync } from 'node:fs';
import { EXIT } from './exit-code.js';
import { runCommandLine } from './program.js';
import { printable, type Terminal } from './terminal.js';

const terminal: Terminal = process;
const SHOW_CURSOR = '\u001B[?25h';

process.on('SIGINT', () => {
  // The live progress may have hidden the cursor, and holds back what is written the usual way.
  const restored = process.stderr.isTTY ? SHOW_CURSOR : '';
  const more = terminal.whenInterrupted ?? 'What the API was asked to do goes on.';
  writeSync(process.stderr.fd, `${restored}\nInterrupted. ${printable(more)}\n`);
  process.exit(EXIT.interrupted);
});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read has seen enough, as `head` does.
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});
process.exitCode = await runCommandLine(process.argv.slice(2), terminal);
