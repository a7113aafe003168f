import { spawn } from 'node:child_process';

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/**
 * Runs a command quietly.
 * @returns {Promise<{ code: number, output: string }>} its exit code (127 when it cannot be started) and all it wrote
 */
export function capture(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', (error) => resolve({ code: 127, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * Runs a command on this terminal and hands the signals on, so that Ctrl-C and `kill` reach it and its orderly stop is
 * waited for.
 * @returns {Promise<number>} its exit code; 128 + number when a signal ended it
 */
export function handOver(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const forward = Object.keys(SIGNAL_NUMBERS).map((name) => {
      // The terminal sends Ctrl-C to both processes; a second one would mean "at once" to the child.
      const listener = () => name !== 'SIGINT' && child.kill(name);
      process.on(name, listener);
      return () => process.off(name, listener);
    });
    const settle = (finish, value) => {
      for (const off of forward) off();
      finish(value);
    };
    child.once('error', (error) => settle(reject, error));
    child.once('exit', (code, signal) => settle(resolve, code ?? 128 + (SIGNAL_NUMBERS[signal] ?? 9)));
  });
}

/** The last lines of a command's output, for an error message. */
export function tail(output, lines = 25) {
  return output.trimEnd().split('\n').slice(-lines).join('\n');
}
