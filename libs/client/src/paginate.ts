/** What asks for one page. */
export interface PageRequest {
  readonly limit: number;
  readonly starting_after?: string;
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly hasMore: boolean;
}

/** Most items that the API gives at once. */
const LARGEST_PAGE = 100;

/**
 * All items of a list, fetched page by page as they are asked for.
 * @param list asks for one page, for example `(page) => client.listTenants({ query: { tier: 'pooled', ...page } })`.
 * @param most stops after this many items.
 */
export async function* paginate<T extends { readonly id: string }>(
  list: (page: PageRequest) => Promise<Page<T>>,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<T, void> {
  let left = most;
  let last: string | undefined;
  while (left > 0) {
    const limit = Math.min(LARGEST_PAGE, left);
    const { data, hasMore } = await list({ limit, ...(last !== undefined && { starting_after: last }) });
    yield* data;
    left -= data.length;
    const next = data.at(-1)?.id;
    // A server that promises more and gives nothing new would be asked for ever.
    if (!hasMore || next === undefined || next === last) return;
    last = next;
  }
}
