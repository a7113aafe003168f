import { setTimeout as delay } from 'node:timers/promises';
import type { TenantContext } from '../context/tenant-context.js';
import type { Delivery } from './delivery.js';
import { LaneClaims, type ConsumerLogin } from './lanes.js';
import { runMessage, type MessageHandler, type MessageOutcome, type RunOptions } from './message-run.js';
import { RetryBudget } from './retry-budget.js';
import type { TenantQueues } from './tenant-queues.js';

export interface TenantConsumerOptions {
  readonly queues: TenantQueues;
  /** Address and login of a home's queue consumers. Asked again when the database refuses the password. */
  readonly connect: ConsumerLogin;
  /** Databases whose lanes are served. Asked again every second. */
  readonly homes: () => readonly string[] | Promise<readonly string[]>;
  /** Tenants whose own queue is served, as {@link TenantQueues.hasOwnQueue} says. Asked again every second. */
  readonly tenants?: () => readonly string[] | Promise<readonly string[]>;
  /** Gets the service's own context for a tenant. When it rejects, the tenant's messages wait. */
  readonly contextFor: (tenantId: string) => Promise<TenantContext>;
  readonly handlers: Readonly<Record<string, MessageHandler>>;
  /** Messages at once, for each home and each own queue. Defaults to 8. */
  readonly concurrency?: number;
  /**
   * Messages of one lane at once, over all processes. Below `concurrency` a place is free when another tenant's message
   * comes. Defaults to three quarters of `concurrency`.
   */
  readonly perLane?: number;
  /** How long a claim is good without a sign of life, milliseconds. Defaults to 30,000. */
  readonly holdMs?: number;
  /** Pause between two looks at lanes that had nothing, milliseconds. Defaults to 50. */
  readonly pollMs?: number;
  readonly onOutcome?: (outcome: MessageOutcome) => void;
  /** Is told once when claiming begins to fail, and again only after it worked: `home <id>` or `tenant <id>`. */
  readonly onClaimFailure?: (source: string, error: unknown) => void;
}

const REFRESH_MS = 1_000;
/** How long SQS is asked to wait for a message, seconds, and with it the longest that `stop` waits for nothing. */
const WAIT_SECONDS = 5;
const PAUSE_AFTER_ERROR_MS = 1_000;

type Claim = (wanted: number) => Promise<Delivery[]>;

/** Takes messages of all tenants, each in its turn and inside of its own context. */
export class TenantConsumer {
  readonly #options: TenantConsumerOptions;
  readonly #run: RunOptions;
  readonly #stop = new AbortController();
  readonly #sources = new Map<string, { readonly end: AbortController; readonly done: Promise<void> }>();
  #running: Promise<void> | undefined;

  /** @throws BulkheadError `message_kind_unknown` (500) for a handler of a kind that the queues do not know. */
  constructor(options: TenantConsumerOptions) {
    this.#options = options;
    for (const kind of Object.keys(options.handlers)) options.queues.kind(kind);
    const { queues, contextFor, handlers, holdMs = 30_000, onOutcome = () => undefined } = options;
    this.#run = { queues, contextFor, handlers, holdMs, budget: new RetryBudget(), onOutcome };
  }

  start(): void {
    this.#running ??= this.#follow();
  }

  /** Claims nothing more and waits for the handlers that are under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await Promise.all([...this.#sources.values()].map(({ done }) => done));
  }

  async #follow(): Promise<void> {
    const { homes, tenants = () => [] } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const wanted = new Map<string, (signal: AbortSignal) => Promise<void>>();
        for (const home of await homes()) wanted.set(`home ${home}`, (end) => this.#serveHome(home, end));
        for (const tenant of await tenants()) wanted.set(`tenant ${tenant}`, (end) => this.#serveTenant(tenant, end));
        this.#keepTo(wanted);
      } catch {
        // Who could not be named now is served as before.
      }
      await pause(REFRESH_MS, signal);
    }
  }

  #keepTo(wanted: ReadonlyMap<string, (signal: AbortSignal) => Promise<void>>): void {
    for (const [name, { end }] of this.#sources) if (!wanted.has(name)) end.abort();
    for (const [name, serve] of wanted) {
      if (this.#sources.has(name)) continue;
      const end = new AbortController();
      const done = serve(AbortSignal.any([end.signal, this.#stop.signal])).finally(() => this.#sources.delete(name));
      this.#sources.set(name, { end, done });
    }
  }

  async #serveHome(home: string, signal: AbortSignal): Promise<void> {
    const { connect, queues, concurrency = 8 } = this.#options;
    const { perLane = Math.max(1, Math.floor(concurrency * 0.75)), pollMs = 50 } = this.#options;
    const claims = new LaneClaims(connect, home, queues.lanes);
    const claim: Claim = (wanted) => claims.claim(wanted, this.#run.holdMs, perLane);
    await this.#serve(`home ${home}`, claim, pollMs, signal);
    await claims.close();
  }

  async #serveTenant(tenantId: string, signal: AbortSignal): Promise<void> {
    const { queues, contextFor } = this.#options;
    const { holdMs } = this.#run;
    const claim: Claim = async (wanted) =>
      queues.own.receive(await contextFor(tenantId), wanted, { holdMs, waitSeconds: WAIT_SECONDS });
    await this.#serve(`tenant ${tenantId}`, claim, 0, signal);
  }

  /** Claims as long as there are free places, and looks again when one becomes free or after a pause. */
  async #serve(source: string, claim: Claim, pauseMs: number, signal: AbortSignal): Promise<void> {
    const { concurrency = 8, onClaimFailure } = this.#options;
    const running = new Set<Promise<void>>();
    let works = true;
    while (!signal.aborted) {
      let rest = pauseMs;
      try {
        const deliveries = await claim(concurrency - running.size);
        for (const delivery of deliveries) {
          const run: Promise<void> = runMessage(delivery, this.#run).finally(() => running.delete(run));
          running.add(run);
        }
        if (deliveries.length > 0) rest = 0;
        works = true;
      } catch (error) {
        if (works) onClaimFailure?.(source, error);
        works = false;
        rest = PAUSE_AFTER_ERROR_MS;
      }
      if (running.size >= concurrency) await Promise.race(running);
      else if (rest > 0) await Promise.race([pause(rest, signal), ...running]);
    }
    await Promise.all(running);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
