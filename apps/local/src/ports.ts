import { createServer } from 'node:net';
import { execFileSync } from 'node:child_process';
import { localError } from './local-error.js';
import { readJson, writePrivateFile } from './state-folder.js';

// Below the range that systems hand out to outgoing connections (32768 and up on Linux): a port of ours that a
// passing connection holds at the next start could not be listened on.
const FIRST = 20_000;
const COUNT = 12_000;

const promised = new Set<number>();

/** Whether something could listen on this port of the loopback interface now. */
export async function isPortFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

async function pickPort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (promised.has(port)) continue;
    promised.add(port);
    if (await isPortFree(port)) return port;
  }
  throw localError('local_no_port', 'No free port was found on 127.0.0.1.', 'Stop some programs that listen on ports.');
}

/** "process 123 (node server.js)" for the listener on a port, or "another program" where the system does not tell. */
export function describeListener(port: number): string {
  try {
    const ask = (command: string, args: string[]) =>
      execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    if (process.platform === 'linux') {
      const found = /\(\("([^"]+)",pid=(\d+)/.exec(ask('ss', ['-Hltnp', `sport = :${port}`]));
      if (found) return `process ${found[2]} (${found[1]})`;
    } else {
      const pid = ask('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t'])
        .trim()
        .split('\n')[0];
      if (pid) return `process ${pid}`;
    }
  } catch {
    return 'another program';
  }
  return 'another program';
}

export interface ClaimOptions {
  /** Others have stored this port (a queue's URL, a database's address): it can never change. */
  readonly fixed?: boolean;
  /** Name of the environment variable that chooses the port. */
  readonly env?: string;
  /** Wanted at the first start when it is free. */
  readonly preferred?: number;
}

/** Ports of a state folder, the same at every start wherever possible. */
export class PortBook {
  readonly #file: string;
  readonly #ports: Record<string, number>;
  readonly #agreed = new Map<string, Promise<number>>();

  constructor(file: string) {
    this.#file = file;
    this.#ports = (readJson(file) as Record<string, number> | undefined) ?? {};
  }

  /**
   * The port of a part. One that somebody else took meanwhile is replaced, unless it is fixed or was asked for.
   * @throws BulkheadError `local_port_taken` naming the listener and the way out.
   */
  async claim(name: string, options: ClaimOptions = {}): Promise<number> {
    const asked = options.env === undefined ? undefined : process.env[options.env];
    if (asked) return this.#keep(name, await this.#asked(name, Number(asked), options.env as string));
    const kept = this.#ports[name];
    if (kept !== undefined && (await isPortFree(kept))) return this.#keep(name, kept);
    if (kept !== undefined && options.fixed) {
      throw localError(
        'local_port_taken',
        `Port ${kept}, which ${name} needs, is held by ${describeListener(kept)}.`,
        'Stop that program and start again; the port is part of stored addresses and cannot change. `npm run reset` begins anew.',
      );
    }
    const { preferred } = options;
    if (preferred !== undefined && preferred !== kept && (await isPortFree(preferred)))
      return this.#keep(name, preferred);
    return this.#keep(name, await pickPort());
  }

  /** Like {@link claim}, once for this run: whoever asks again, before the part listens or after, gets the same port. */
  async agreed(name: string, options: ClaimOptions): Promise<number> {
    const known = this.#agreed.get(name) ?? this.claim(name, options);
    this.#agreed.set(name, known);
    return await known;
  }

  /** Forgets the port of a part that is gone for good. */
  release(name: string): void {
    const port = this.#ports[name];
    if (port === undefined) return;
    promised.delete(port);
    delete this.#ports[name];
    this.#save();
  }

  async #asked(name: string, port: number, env: string): Promise<number> {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw localError(
        'local_port_invalid',
        `${env} is not a port.`,
        'Set it to a number from 1 to 65535, or unset it.',
      );
    }
    if (await isPortFree(port)) return port;
    throw localError(
      'local_port_taken',
      `Port ${port} for ${name} is held by ${describeListener(port)}.`,
      `Stop that program, or choose another port with ${env}.`,
    );
  }

  #keep(name: string, port: number): number {
    promised.add(port);
    if (this.#ports[name] !== port) {
      this.#ports[name] = port;
      this.#save();
    }
    return port;
  }

  #save(): void {
    writePrivateFile(this.#file, `${JSON.stringify(this.#ports, null, 2)}\n`);
  }
}
