import { writeSync } from 'node:fs';
import { EXIT } from './exit-code.js';
import { runCommandLine } from './program.js';

const SHOW_CURSOR = '\u001B[?25h';

process.on('SIGINT', () => {
  // The live progress may have hidden the cursor, and holds back what is written the usual way.
  const restored = process.stderr.isTTY ? SHOW_CURSOR : '';
  writeSync(process.stderr.fd, `${restored}\nInterrupted. What the API was asked to do goes on.\n`);
  process.exit(EXIT.interrupted);
});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read has seen enough, as `head` does.
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});
process.exitCode = await runCommandLine(process.argv.slice(2), process);
