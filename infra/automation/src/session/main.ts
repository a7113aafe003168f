import type { Answer, Command } from './messages.js';
import { PulumiSession } from './pulumi-session.js';

// The child process of one run. It leads its own process group, which holds the CLI too, and takes the whole group
// with it when the worker is gone: a Pulumi that nobody watches must not go on.

let session: PulumiSession | undefined;
let cancelled = false;

function endGroup(): never {
  process.kill(-process.pid, 'SIGKILL');
  throw new Error('unreachable');
}

function tell(answer: Answer): void {
  process.send?.(answer);
}

async function obey(command: Command): Promise<void> {
  if (command.kind !== 'open') {
    if (session === undefined) throw new Error('The session is not open');
    await session.run(command);
    return;
  }
  session = await PulumiSession.open(command, tell);
  if (cancelled) session.cancel();
  tell({ kind: 'done', changes: {} });
}

process.on('disconnect', endGroup);
process.on('SIGTERM', () => {
  cancelled = true;
  session?.cancel();
});
process.on('message', (command: Command) => {
  obey(command).catch((error: unknown) => {
    // Only opening fails here; the text may hold the output of a command, so the worker gets it on a separate way.
    process.stderr.write(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
    process.disconnect();
  });
});
