import { sqlStateOf } from './refusals.js';

/** The password is not the login's any more: it was rotated since it was read. */
const WRONG_PASSWORD = '28P01';

interface Held<Opened> {
  readonly opened: Promise<Opened>;
  /** How many wait for a connection of it, or hold it. */
  users: number;
  /** Is called when the last of them has left. */
  left?: () => void;
}

/**
 * What is open to one home, such as a pool, by a login that may be rotated meanwhile. Connections that are open stay so;
 * one that is refused for its password makes everything be opened anew, with the login as it is now, and is tried once
 * more: whoever was refused has done nothing yet. What was open before is closed when nobody waits for it any more,
 * because a pool that is ending never answers those who wait.
 */
export class HomeConnections<Opened> {
  readonly #open: () => Promise<Opened>;
  readonly #close: (opened: Opened) => Promise<unknown>;
  #held: Held<Opened> | undefined;

  /** @param open reads the login, each time anew. */
  constructor(open: () => Promise<Opened>, close: (opened: Opened) => Promise<unknown>) {
    this.#open = open;
    this.#close = close;
  }

  /** Runs `connect`, which may run twice and must do nothing before it has a connection. */
  use<Result>(connect: (opened: Opened) => Promise<Result>): Promise<Result> {
    return this.hold(connect, async (result) => result);
  }

  /** The same; what is open stays so until `work` is done with what `connect` gave. */
  async hold<Got, Result>(
    connect: (opened: Opened) => Promise<Got>,
    work: (got: Got) => Promise<Result>,
  ): Promise<Result> {
    let held = this.#enter();
    try {
      let got: Got;
      try {
        got = await connect(await held.opened);
      } catch (error) {
        if (sqlStateOf(error) !== WRONG_PASSWORD) throw error;
        this.#forget(held);
        leave(held);
        held = this.#enter();
        got = await connect(await held.opened);
      }
      return await work(got);
    } finally {
      leave(held);
    }
  }

  async close(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) await this.#end(held);
  }

  #enter(): Held<Opened> {
    if (this.#held === undefined) {
      const opening: Held<Opened> = { opened: this.#open(), users: 0 };
      this.#held = opening;
      // What cannot be opened now is opened anew at the next use.
      opening.opened.catch(() => this.#held === opening && (this.#held = undefined));
    }
    this.#held.users += 1;
    return this.#held;
  }

  /** Of all who were refused, the first gives it up. */
  #forget(held: Held<Opened>): void {
    if (this.#held !== held) return;
    this.#held = undefined;
    this.#end(held).catch(() => undefined);
  }

  async #end(held: Held<Opened>): Promise<void> {
    if (held.users > 0) await new Promise<void>((left) => (held.left = left));
    await held.opened.then(this.#close, () => undefined);
  }
}

function leave(held: Held<unknown>): void {
  held.users -= 1;
  if (held.users === 0) held.left?.();
}
