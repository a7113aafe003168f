import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { lock } from 'proper-lockfile';
import { z } from 'zod';
import type { Terminal } from '../terminal.js';
import { usageError } from '../usage-error.js';

const credential = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('token'), token: z.string() }),
  z.object({ kind: z.literal('api-key'), key: z.string() }),
  z.object({
    kind: z.literal('client-credentials'),
    issuer: z.string(),
    clientId: z.string(),
    clientSecret: z.string(),
  }),
  z.object({
    kind: z.literal('signed-in'),
    issuer: z.string(),
    clientId: z.string(),
    accessToken: z.string(),
    /** When the access token ends, ISO 8601. */
    expiresAt: z.string(),
    refreshToken: z.string().optional(),
  }),
]);
/** After `logout` there is no credential. */
const context = z.object({ url: z.string(), credential: credential.optional() });
const file = z.object({ current: z.string().nullable(), contexts: z.record(z.string(), context) });

/** How to prove who one is. */
export type Credential = z.infer<typeof credential>;
/** A person who signed in at the identity provider. */
export type SignedIn = Extract<Credential, { kind: 'signed-in' }>;
/** An installation of Bulkhead and how to sign in there. */
export type Context = z.infer<typeof context>;

export interface Contexts {
  current: string | null;
  readonly named: Map<string, Context>;
}

/** A lock whose holder died is taken over after `stale`; waiting lasts longer than it takes to renew a token. */
const LOCK = {
  realpath: false,
  stale: 5_000,
  retries: { retries: 300, factor: 1, minTimeout: 100, maxTimeout: 100 },
  // A process that was stopped for so long goes on without it: what it writes replaces the whole file.
  onCompromised: () => undefined,
};

/** Contexts live in one file that only its owner can read, because it holds credentials. */
export class ContextStore {
  readonly path: string;

  constructor({ env }: Pick<Terminal, 'env'>) {
    this.path = join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'bulkhead', 'contexts.json');
  }

  /** @throws BulkheadError `contexts_exposed` when others may read the file, `contexts_unreadable` otherwise. */
  read(): Contexts {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { current: null, named: new Map() };
      throw this.#unreadable(error);
    }
    if (process.platform !== 'win32' && (statSync(this.path).mode & 0o077) !== 0) {
      const message = `Others on this machine may read ${this.path}, which holds credentials.`;
      throw usageError('contexts_exposed', message, `Run: chmod 600 ${this.path} (and think of new credentials).`);
    }
    try {
      const { current, contexts } = file.parse(JSON.parse(text));
      return { current, named: new Map(Object.entries(contexts)) };
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  /** Replaces the file at once: a reader sees the old contexts or the new ones. */
  write({ current, named }: Contexts): void {
    this.#folder();
    const fresh = `${this.path}.${process.pid}`;
    writeFileSync(fresh, `${JSON.stringify({ current, contexts: Object.fromEntries(named) }, null, 2)}\n`, {
      mode: 0o600,
    });
    renameSync(fresh, this.path);
  }

  /**
   * Does what reads and then writes, while no other process does.
   * @throws BulkheadError `contexts_busy`
   */
  async exclusively<T>(work: () => Promise<T> | T): Promise<T> {
    this.#folder();
    const release = await lock(this.path, LOCK).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      const message = 'Another process is changing the contexts.';
      throw usageError('contexts_busy', message, 'Try again when it has ended.', error);
    });
    try {
      return await work();
    } finally {
      await release().catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ERELEASED') throw error;
      });
    }
  }

  #folder(): void {
    const folder = dirname(this.path);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  }

  #unreadable(cause: unknown): Error {
    const message = `The contexts in ${this.path} cannot be read.`;
    return usageError('contexts_unreadable', message, 'Mend the file, or remove it and sign in again.', cause);
  }
}

const NAME = /^[A-Za-z0-9][\w.-]{0,62}$/;

/** @throws BulkheadError `invalid_context_name` */
export function contextName(text: string): string {
  if (NAME.test(text)) return text;
  const message = 'This is no name for a context.';
  throw usageError('invalid_context_name', message, 'Use letters, digits, dots, dashes and underscores, 63 at most.');
}

/** @throws BulkheadError `unknown_context` */
export function findContext({ named }: Contexts, name: string): Context {
  const found = named.get(name);
  if (found) return found;
  const message = `There is no context "${name}".`;
  const known = [...named.keys()].join(', ');
  throw usageError('unknown_context', message, known ? `There are: ${known}.` : 'Make one: bulkhead login --help');
}
