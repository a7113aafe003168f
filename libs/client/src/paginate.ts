/** What asks for one page. */
export interface PageRequest<C = string> {
  readonly limit: number;
  readonly starting_after?: C;
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly hasMore: boolean;
}

export interface PagingOptions<T, C = string> {
  /** Stops after this many items. */
  readonly most?: number;
  /** What `starting_after` takes of the last item; its id unless said otherwise. */
  readonly cursor?: (item: T) => C;
}

/** Most items that the API gives at once. */
const LARGEST_PAGE = 100;

/**
 * All items of a list, fetched page by page as they are asked for.
 * @param list asks for one page, for example `(page) => client.listTenants({ query: { tier: 'pooled', ...page } })`.
 */
export function paginate<T extends { readonly id: string }>(
  list: (page: PageRequest) => Promise<Page<T>>,
  options?: { readonly most?: number },
): AsyncGenerator<T, void>;
export function paginate<T, C>(
  list: (page: PageRequest<C>) => Promise<Page<T>>,
  options: PagingOptions<T, C> & Required<Pick<PagingOptions<T, C>, 'cursor'>>,
): AsyncGenerator<T, void>;
export async function* paginate<T, C>(
  list: (page: PageRequest<C>) => Promise<Page<T>>,
  { most = Number.POSITIVE_INFINITY, cursor = (item) => (item as { id: C }).id }: PagingOptions<T, C> = {},
): AsyncGenerator<T, void> {
  let left = most;
  let last: C | undefined;
  while (left > 0) {
    const limit = Math.min(LARGEST_PAGE, left);
    const { data, hasMore } = await list({ limit, ...(last !== undefined && { starting_after: last }) });
    yield* data;
    left -= data.length;
    const end = data.at(-1);
    const next = end && cursor(end);
    // A server that promises more and gives nothing new would be asked for ever.
    if (!hasMore || next === undefined || next === last) return;
    last = next;
  }
}
