import type { Feed, FeedSource } from './feed.js';

export interface FollowerOptions {
  /**
   * Longest time without a successful look at the source before what is known counts as stale, milliseconds.
   * Defaults to 30,000. The source is looked at three times as often, beside the looks that notifications cause.
   */
  readonly maxStalenessMs?: number;
}

const MAX_STALENESS_MS = 30_000;
const FIRST_PAUSE_MS = 50;

/** Keeps a copy up to date: says what to take over, and whether the copy may still be believed. */
export class FeedFollower<Row> {
  readonly #source: FeedSource<Row>;
  readonly #apply: (rows: readonly Row[], whole: boolean) => void;
  readonly #maxStalenessMs: number;
  #provenAt = -Infinity;
  #lapsed = true;
  #lapse: NodeJS.Timeout | undefined;
  #closed = false;
  #rung = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(
    source: FeedSource<Row>,
    apply: (rows: readonly Row[], whole: boolean) => void,
    { maxStalenessMs = MAX_STALENESS_MS }: FollowerOptions,
  ) {
    this.#source = source;
    this.#apply = apply;
    this.#maxStalenessMs = maxStalenessMs;
  }

  /**
   * Loads everything and follows the source from then on.
   * @param apply takes rows over; `whole` says that they are all there are, and what else is known is to be forgotten.
   * @throws whatever the source throws when it cannot be reached at the start.
   */
  static async open<Row>(
    source: FeedSource<Row>,
    apply: (rows: readonly Row[], whole: boolean) => void,
    options: FollowerOptions = {},
  ): Promise<FeedFollower<Row>> {
    const follower = new FeedFollower(source, apply, options);
    const feed = await source.open(() => follower.look());
    const cursor = await follower.#take(feed, undefined);
    follower.#running = follower.#follow(feed, cursor);
    return follower;
  }

  /** Whether the last successful look is too long ago, by the clock. */
  get stale(): boolean {
    return performance.now() - this.#provenAt > this.#maxStalenessMs;
  }

  /**
   * The same as a flag that a timer raises, for what is asked millions of times: reading the clock costs more than the
   * rest of such a question. After the process was halted it may be late by one turn of the event loop.
   */
  get lapsed(): boolean {
    return this.#lapsed;
  }

  /** Looks at the source now. */
  look(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.look();
    await this.#running;
    clearTimeout(this.#lapse);
  }

  async #follow(first: Feed<Row>, cursor: string): Promise<void> {
    let feed: Feed<Row> | undefined = first;
    let from: string | undefined = cursor;
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      await this.#sleep(feed === undefined ? pause : this.#maxStalenessMs / 3, feed !== undefined);
      if (this.#closed) break;
      try {
        if (feed === undefined) {
          feed = await this.#source.open(() => this.look());
          // A source that went away may have come back as another one, restored from a backup: cursors do not carry over.
          from = undefined;
        }
        from = await this.#take(feed, from);
        pause = FIRST_PAUSE_MS;
      } catch {
        await feed?.close().catch(() => undefined);
        feed = undefined;
        pause = Math.min(pause * 2, this.#maxStalenessMs / 3);
      }
    }
    await feed?.close().catch(() => undefined);
  }

  async #take(feed: Feed<Row>, cursor: string | undefined): Promise<string> {
    this.#rung = false;
    const startedAt = performance.now();
    const changes = await feed.changesSince(cursor);
    this.#apply(changes.rows, cursor === undefined);
    this.#prove(startedAt);
    return changes.cursor;
  }

  #prove(at: number): void {
    this.#provenAt = at;
    this.#lapsed = this.stale;
    clearTimeout(this.#lapse);
    this.#lapse = setTimeout(() => (this.#lapsed = true), at + this.#maxStalenessMs - performance.now());
    this.#lapse.unref();
  }

  /** Sleeps until the time is over or, if `ringable`, the doorbell has rung since the last look began. */
  async #sleep(ms: number, ringable: boolean): Promise<void> {
    if (this.#closed || (ringable && this.#rung)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.#wake = () => {
        if (!ringable && !this.#closed) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
