import { AsyncLocalStorage } from 'node:async_hooks';
import { BulkheadError } from '@bulkhead/kernel';

const signals = new AsyncLocalStorage<AbortSignal>();

/** What a call may still ask the cloud for: nothing once the signal is given. Undefined outside of {@link Calls}. */
export function callSignal(): AbortSignal | undefined {
  return signals.getStore();
}

/** What a call needs of gRPC's `ServerUnaryCall`. */
export interface Cancellable {
  readonly cancelled: boolean;
  on(event: 'cancelled', listener: () => void): unknown;
}

/**
 * The calls in flight that change something.
 *
 * This server outlives the engine that calls it, which a plugin started by the engine would not. So a call ends with
 * its engine: otherwise the SDK's retry after a lost answer would make again, half a minute later, what the next run
 * has already removed. And calls on one resource follow one another: the lease of a stack lets one run in at a time,
 * so an earlier call on the same URN is always one of a dead run, whose last request may still be on its way.
 */
export class Calls {
  readonly #latest = new Map<string, { readonly abort: AbortController; readonly ended: Promise<unknown> }>();

  async change<T>(urn: string, call: Cancellable, work: () => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const cancel = (): void => abort.abort(callerGone(urn));
    call.on('cancelled', cancel);
    if (call.cancelled) cancel();
    const earlier = this.#latest.get(urn);
    earlier?.abort.abort(callerGone(urn));
    const result = (earlier?.ended ?? Promise.resolve()).then(() => {
      abort.signal.throwIfAborted();
      return signals.run(abort.signal, work);
    });
    const ended = result.catch(() => undefined);
    const mine = { abort, ended };
    this.#latest.set(urn, mine);
    try {
      return await result;
    } finally {
      if (this.#latest.get(urn) === mine) this.#latest.delete(urn);
    }
  }
}

function callerGone(urn: string): BulkheadError {
  return new BulkheadError({
    code: 'caller_gone',
    status: 409,
    publicMessage: `The engine that asked for a change of ${urn} is gone, or a later run took its place.`,
    remediation: 'Nothing to do: the next run finds what was made and goes on from there.',
    retryable: true,
  });
}
