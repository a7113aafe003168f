import { paginate, type Page, type PageRequest } from '@bulkhead/client';
import { Option, type Command } from 'commander';
import { atLeastOne } from '../arguments.js';
import { printList, type Shape } from '../output/print.js';
import type { Session } from '../session.js';

export interface ListOptions {
  readonly limit: number;
  readonly all?: boolean;
}

/** Adds `--limit` and `--all`. */
export function withPaging(command: Command): Command {
  return command
    .option('--limit <number>', 'how many at most, newest first', atLeastOne, 100)
    .addOption(new Option('--all', 'as many as there are').conflicts('limit'));
}

/** Prints as much of a list as was asked for, and says on stderr when there is more. */
export async function printPages<T extends { readonly id: string }>(
  session: Session,
  options: ListOptions,
  shape: Shape<T>,
  list: (page: PageRequest) => Promise<Page<T>>,
): Promise<void> {
  await printFrom(session, options, shape, (most) => paginate(list, { most }));
}

/** The same for a list that is not paged by id. */
export async function printFrom<T>(
  session: Session,
  { limit, all }: ListOptions,
  shape: Shape<T>,
  read: (most: number) => AsyncIterable<T>,
): Promise<void> {
  const most = all ? Number.POSITIVE_INFINITY : limit;
  const items: T[] = [];
  // One more than wanted, to know whether there is more.
  for await (const item of read(most + 1)) items.push(item);
  const more = items.length > most;
  printList(session, more ? items.slice(0, most) : items, shape);
  if (more) session.note(`There are more than ${limit}; add --all or a larger --limit to see them.`);
}
