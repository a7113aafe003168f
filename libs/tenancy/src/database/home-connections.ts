import { sqlStateOf } from './refusals.js';

/** The password is not the login's any more: it was rotated since it was read. */
const WRONG_PASSWORD = '28P01';

/**
 * What is open to one home, such as a pool, by a login that may be rotated meanwhile. Connections that are open stay so;
 * one that is refused for its password makes everything be opened anew, with the login as it is now, and is tried once
 * more: whoever was refused has done nothing yet.
 */
export class HomeConnections<Opened> {
  readonly #open: () => Promise<Opened>;
  readonly #close: (opened: Opened) => Promise<unknown>;
  #opened: Promise<Opened> | undefined;

  /** @param open reads the login, each time anew. */
  constructor(open: () => Promise<Opened>, close: (opened: Opened) => Promise<unknown>) {
    this.#open = open;
    this.#close = close;
  }

  /** Runs `connect`, which may run twice and must do nothing before it has a connection. */
  async use<Result>(connect: (opened: Opened) => Promise<Result>): Promise<Result> {
    const opened = this.#current();
    try {
      return await connect(await opened);
    } catch (error) {
      if (sqlStateOf(error) !== WRONG_PASSWORD) throw error;
      this.#forget(opened);
      return await connect(await this.#current());
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.then(this.#close, () => undefined);
  }

  #current(): Promise<Opened> {
    if (this.#opened === undefined) {
      const opening = this.#open();
      this.#opened = opening;
      // What cannot be opened now is opened anew at the next use.
      opening.catch(() => this.#opened === opening && (this.#opened = undefined));
    }
    return this.#opened;
  }

  /** Of all who were refused, the first gives it up. Those who work on its connections end first. */
  #forget(opened: Promise<Opened>): void {
    if (this.#opened !== opened) return;
    this.#opened = undefined;
    opened.then(this.#close).catch(() => undefined);
  }
}
