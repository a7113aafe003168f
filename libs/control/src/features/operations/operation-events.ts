import { setTimeout as delay } from 'node:timers/promises';
import { BulkheadError, type OperationId } from '@bulkhead/kernel';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { hasEnded, OperationReader } from './operation-reader.js';
import type { OperationDetail } from './operation-view.js';

const POLL_MS = 300;
const HEARTBEAT_MS = 15_000;
/** A stream ends after this long, so that whoever listens has to show a valid token again. */
const LONGEST_MS = 60 * 60_000;
/** Streams that one caller may have open at this process: each asks the database several times a second. */
const OPEN_AT_ONCE = 20;

/**
 * Follows an operation as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Each
 * connection begins with the whole state, so nothing is lost between two connections and no event needs an id.
 */
@Injectable()
export class OperationEvents implements OnModuleDestroy {
  readonly #closing = new AbortController();
  readonly #open = new Map<string, number>();

  constructor(private readonly operations: OperationReader) {}

  onModuleDestroy(): void {
    this.#closing.abort();
  }

  /**
   * Counts one more stream of a caller.
   * @returns what counts it as closed; to be called once.
   * @throws BulkheadError `too_many_streams` (429, retryable).
   */
  enter(caller: string): () => void {
    const open = this.#open.get(caller) ?? 0;
    if (open >= OPEN_AT_ONCE) throw tooManyStreams();
    this.#open.set(caller, open + 1);
    return () => {
      const left = (this.#open.get(caller) ?? 1) - 1;
      if (left > 0) this.#open.set(caller, left);
      else this.#open.delete(caller);
    };
  }

  /**
   * `operation` when its state changes, `step` for each step that changes, `end` once the state is final.
   * @param gone aborted when the listener has left: the polling stops within one turn.
   */
  async *follow(id: OperationId, gone: AbortSignal): AsyncGenerator<string> {
    const stop = AbortSignal.any([gone, this.#closing.signal, AbortSignal.timeout(LONGEST_MS)]);
    const sent = new Map<string, string>();
    let spokeAt = Date.now();
    while (!stop.aborted) {
      const operation = await this.operations.get(id);
      const news = changes(operation, sent);
      if (news !== '') {
        yield news;
        spokeAt = Date.now();
      } else if (Date.now() - spokeAt >= HEARTBEAT_MS) {
        yield ': still here\n\n';
        spokeAt = Date.now();
      }
      if (hasEnded(operation)) {
        yield event('end', { state: operation.state });
        return;
      }
      await delay(POLL_MS, undefined, { signal: stop }).catch(() => {});
    }
  }
}

function tooManyStreams(): BulkheadError {
  return new BulkheadError({
    code: 'too_many_streams',
    status: 429,
    retryable: true,
    publicMessage: `You have ${OPEN_AT_ONCE} streams of events open already.`,
    remediation: 'Close one of them, or read GET /v1/operations/{id} from time to time.',
  });
}

/** The events of what differs from what was sent, which it takes note of. */
function changes({ steps, ...operation }: OperationDetail, sent: Map<string, string>): string {
  const events = [
    ['operation', 'operation', operation] as const,
    ...steps.map((step) => ['step', `step ${step.name}`, step] as const),
  ];
  return events
    .filter(([, key, data]) => sent.get(key) !== JSON.stringify(data))
    .map(([name, key, data]) => {
      sent.set(key, JSON.stringify(data));
      return event(name, data);
    })
    .join('');
}

/** JSON has no raw line breaks, so one `data:` line holds it. */
function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
