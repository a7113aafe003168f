import { BulkheadError } from '@bulkhead/kernel';
import type { OperationDetail, OperationView, StepView } from './generated/index.js';
import { pause } from './retrying-fetch.js';
import { readEvents } from './server-sent-events.js';

export interface WatchOptions {
  readonly signal?: AbortSignal;
  /** Time between two looks when the operation's events cannot be had, milliseconds. */
  readonly pollMs?: number;
  /** How long an API that answered before may be away, milliseconds: it may be restarting. */
  readonly outageMs?: number;
}

/** How an operation can be looked at. */
export interface OperationSource {
  get(id: string, signal?: AbortSignal): Promise<OperationDetail>;
  events(id: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

/**
 * The operation now, and again after every change, until its state is final. Reads its server-sent events; while they
 * cannot be had it asks again and again. Each connection begins with everything, so nothing is missed between two.
 * @throws BulkheadError when the operation is unknown or may not be seen, or the API stays away for too long; what
 * the signal was aborted with.
 */
export async function* watchOperation(
  source: OperationSource,
  id: string,
  { signal, pollMs = 1000, outageMs = 60_000 }: WatchOptions = {},
): AsyncGenerator<OperationDetail, void> {
  let latest = await source.get(id, signal);
  let answeredAt = Date.now();
  let shown = '';
  const isNews = () => shown !== (shown = JSON.stringify(latest));
  while (true) {
    if (isNews()) yield latest;
    if (latest.finishedAt !== null) return;
    try {
      for await (const next of follow(source, latest, signal)) {
        answeredAt = Date.now();
        latest = next;
        if (isNews()) yield latest;
      }
    } catch (error) {
      // Something before the API may break long answers; then short ones still get through.
      signal?.throwIfAborted();
      if (isRefusal(error)) throw error;
    }
    if (latest.finishedAt !== null) return;
    await pause(pollMs, signal);
    try {
      latest = await source.get(id, signal);
      answeredAt = Date.now();
    } catch (error) {
      const mayPass = error instanceof BulkheadError && error.retryable;
      if (signal?.aborted || !mayPass || Date.now() - answeredAt > outageMs) throw error;
    }
  }
}

/** The events of one connection, each applied to what was known. */
async function* follow(
  source: OperationSource,
  known: OperationDetail,
  signal?: AbortSignal,
): AsyncGenerator<OperationDetail, void> {
  let latest = known;
  for await (const { name, data } of readEvents(await source.events(known.id, signal))) {
    latest = applied(latest, name, JSON.parse(data));
    // A final state comes before the steps that changed with it, and `end` after them.
    if (latest.finishedAt === null || name === 'end') yield latest;
    if (name === 'end') return;
  }
}

function applied(operation: OperationDetail, name: string, data: unknown): OperationDetail {
  if (name === 'operation') return { ...operation, ...(data as OperationView) };
  if (name !== 'step') return operation;
  const step = data as StepView;
  const others = operation.steps.filter((other) => other.name !== step.name);
  return { ...operation, steps: [...others, step].toSorted((a, b) => a.ordinal - b.ordinal) };
}

/** Asking again would be refused again. */
function isRefusal(error: unknown): boolean {
  return error instanceof BulkheadError && [401, 403, 404].includes(error.status);
}
