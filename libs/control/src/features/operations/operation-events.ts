import { setTimeout as delay } from 'node:timers/promises';
import type { OperationId } from '@bulkhead/kernel';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { hasEnded, OperationReader } from './operation-reader.js';
import type { OperationDetail } from './operation-view.js';

const POLL_MS = 300;
const HEARTBEAT_MS = 15_000;
/** A stream ends after this long, so that whoever listens has to show a valid token again. */
const LONGEST_MS = 60 * 60_000;

/**
 * Follows an operation as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Each
 * connection begins with the whole state, so nothing is lost between two connections and no event needs an id.
 */
@Injectable()
export class OperationEvents implements OnModuleDestroy {
  readonly #closing = new AbortController();

  constructor(private readonly operations: OperationReader) {}

  onModuleDestroy(): void {
    this.#closing.abort();
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
