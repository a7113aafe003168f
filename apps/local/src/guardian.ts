import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, signal, type ProcessIdentity } from './process-identity.js';

/**
 * Runs beside the supervisor, in a session of its own. When the supervisor dies in any way, kill -9 included, the pipe
 * between them closes; then this process stops all children in order. Without it the emulator, which writes its state
 * only at an orderly stop, would lose it, and servers would run on without anybody who knows them.
 */
export type GuardianMessage =
  | { readonly op: 'add'; readonly child: ProcessIdentity; readonly stopSignal: NodeJS.Signals }
  | { readonly op: 'remove'; readonly pid: number };

const PATIENCE_MS = 20_000;

const children = new Map<number, { child: ProcessIdentity; stopSignal: NodeJS.Signals }>();

async function stopChild(child: ProcessIdentity, stopSignal: NodeJS.Signals): Promise<void> {
  if (!isAlive(child)) return;
  // A suspended process would never see the signal.
  signal(child.pid, 'SIGCONT');
  signal(child.pid, stopSignal);
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
    if (!isAlive(child)) return;
    await delay(50);
  }
  if (isAlive(child)) signal(-child.pid, 'SIGKILL');
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as GuardianMessage;
  if (message.op === 'add') children.set(message.child.pid, message);
  else children.delete(message.pid);
}
await Promise.all([...children.values()].map(({ child, stopSignal }) => stopChild(child, stopSignal)));
process.exit(0);
