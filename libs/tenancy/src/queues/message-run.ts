import { BulkheadError } from '@bulkhead/kernel';
import { runWithTenant, type TenantContext } from '../context/tenant-context.js';
import type { Delivery } from './delivery.js';
import type { RetryBudget } from './retry-budget.js';
import type { MessageContent, TenantQueues } from './tenant-queues.js';

/** A message as its handler gets it. */
export interface HandledMessage extends MessageContent {
  /** The same whenever the message is tried again: what a handler needs to do its work once. */
  readonly id: string;
  readonly kind: string;
  readonly attempt: number;
}

/** Runs inside of {@link runWithTenant}: `currentTenant()` is whose message it is. */
export type MessageHandler = (message: HandledMessage, context: TenantContext) => Promise<void>;

/** What became of a delivery, for logs and metrics: names only. */
export interface MessageOutcome {
  readonly tenantId: string;
  readonly kind: string;
  readonly outcome: 'done' | 'again' | 'dead' | 'returned';
  readonly reason?: string;
}

export interface RunOptions {
  readonly queues: TenantQueues;
  /** Gets the service's own context for a tenant, such as by its workload token. May reject: the message waits. */
  readonly contextFor: (tenantId: string) => Promise<TenantContext>;
  readonly handlers: Readonly<Record<string, MessageHandler>>;
  readonly holdMs: number;
  readonly budget: RetryBudget;
  readonly onOutcome: (outcome: MessageOutcome) => void;
}

type Settled = [outcome: MessageOutcome['outcome'], reason?: string];

/** Pause of a message that nobody here can take now, milliseconds. */
const RETURN_MS = 15_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;

/** Handles one delivery to its end. Never rejects: what cannot be settled shows again when its claim is over. */
export async function runMessage(delivery: Delivery, options: RunOptions): Promise<void> {
  const { tenantId, kind } = delivery;
  const tell = (outcome: MessageOutcome['outcome'], reason?: string): void =>
    options.onOutcome({ tenantId, kind, outcome, ...(reason !== undefined && { reason }) });
  try {
    const context = await contextOf(delivery, options);
    if (context === undefined) return tell('returned', 'no_context');
    const [outcome, reason] = await settle(delivery, context, options);
    tell(outcome, reason);
  } catch (error) {
    tell('returned', codeOf(error));
  }
}

async function contextOf(delivery: Delivery, { contextFor }: RunOptions): Promise<TenantContext | undefined> {
  try {
    const context = await contextFor(delivery.tenantId);
    if (context.tenantId === delivery.tenantId) return context;
  } catch {
    // The tenant may be suspended, in maintenance, or unknown: others go on.
  }
  await delivery.giveBack(RETURN_MS);
  return undefined;
}

async function settle(delivery: Delivery, context: TenantContext, options: RunOptions): Promise<Settled> {
  const { id, kind, attempt, tenantId } = delivery;
  const { queues, handlers, budget } = options;
  const handler = Object.hasOwn(handlers, kind) ? handlers[kind] : undefined;
  if (handler === undefined) {
    await delivery.giveBack(RETURN_MS);
    return ['returned', 'no_handler'];
  }
  const { maxAttempts } = queues.kind(kind);
  // Claimed, and never settled, as often as allowed: it takes its handlers' processes with it.
  if (attempt > maxAttempts) return dead(delivery, context, 'attempts_spent');
  const opened = await open(delivery, context, queues);
  if ('outcome' in opened) return opened.outcome;
  try {
    await held(delivery, context, options.holdMs, () =>
      runWithTenant(context, () => handler({ ...opened.content, id, kind, attempt }, context)),
    );
  } catch (error) {
    const reason = codeOf(error);
    if (attempt >= maxAttempts) return dead(delivery, context, reason);
    const soon = budget.take(tenantId, kind);
    await delivery.again(context, soon ? pauseAfter(attempt) : LONGEST_PAUSE_MS, reason);
    return ['again', soon ? reason : 'retry_budget_spent'];
  }
  await delivery.done(context);
  budget.succeeded(tenantId, kind);
  return ['done'];
}

/**
 * Reads a message. One that cannot be read now, such as while the tenant is suspended or the key service is out of reach,
 * is given back uncounted: nothing of it was tried, and an outage must not make dead letters of what waits.
 */
async function open(
  delivery: Delivery,
  context: TenantContext,
  queues: TenantQueues,
): Promise<{ content: MessageContent } | { outcome: Settled }> {
  const { id, kind } = delivery;
  try {
    const body = await delivery.read(context);
    if (body === undefined) return { outcome: ['returned', 'claim_lost'] };
    return { content: await queues.open(context, { id, kind, body }) };
  } catch (error) {
    const reason = codeOf(error);
    // It says that it is this tenant's, and is not.
    if (reason === 'tenant_message_unreadable') return { outcome: await dead(delivery, context, reason) };
    await delivery.giveBack(RETURN_MS);
    return { outcome: ['returned', reason] };
  }
}

async function dead(delivery: Delivery, context: TenantContext, reason: string): Promise<['dead', string]> {
  await delivery.dead(context, reason);
  return ['dead', reason];
}

/** Keeps the claim while `work` runs: a third of it is left whenever it is renewed. */
async function held<T>(delivery: Delivery, context: TenantContext, holdMs: number, work: () => Promise<T>): Promise<T> {
  const heartbeat = setInterval(() => void delivery.hold(context, holdMs).catch(() => undefined), (holdMs * 2) / 3);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
  }
}

/** Doubles with each attempt; up to a quarter less, so that what failed together is not tried together. */
function pauseAfter(attempt: number): number {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return Math.round(pause * (1 - Math.random() / 4));
}

/** What is kept of an error: its code, or its class. Its text may hold what no log may. */
function codeOf(error: unknown): string {
  if (error instanceof BulkheadError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
