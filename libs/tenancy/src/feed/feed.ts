/** What changed since the last look at a source. */
export interface FeedChanges<Row> {
  readonly rows: readonly Row[];
  /** Where to go on next time. It may repeat rows, and never leaves one out. */
  readonly cursor: string;
}

/** An open connection to where something is kept. */
export interface Feed<Row> {
  /** All that changed since the cursor, or every row without one. Rejects when the feed has been lost. */
  changesSince(cursor: string | undefined): Promise<FeedChanges<Row>>;
  close(): Promise<void>;
}

/** Where rows come from: a {@link PostgresFeed}, or {@link fixedFeed} where nothing ever changes. */
export interface FeedSource<Row> {
  /** @param doorbell called when something may have changed, or when the feed was lost; it may be missed. */
  open(doorbell: () => void): Promise<Feed<Row>>;
}

/** Rows from configuration. */
export function fixedFeed<Row>(rows: readonly Row[]): FeedSource<Row> {
  return {
    open: async () => ({ changesSince: async () => ({ rows, cursor: 'fixed' }), close: async () => undefined }),
  };
}
