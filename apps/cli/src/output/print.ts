import { stringify } from 'yaml';
import type { Session } from '../session.js';
import { printable } from '../terminal.js';
import { usageError } from '../usage-error.js';
import type { OutputFormat } from './output-format.js';
import { table } from './table.js';

export type Cell = string | number | boolean | null | undefined;

/** How a kind of thing looks in a table, and what names one. JSON and YAML are what the API gave, with sorted keys. */
export interface Shape<T> {
  readonly name: (item: T) => string;
  readonly columns: Readonly<Record<string, (item: T) => Cell>>;
}

/** Prints a list: a table with a heading, an array, or one name on each line. */
export function printList<T>({ terminal, options }: Session, items: readonly T[], shape: Shape<T>): void {
  const headings = Object.keys(shape.columns);
  const rows = () => items.map((item) => Object.values(shape.columns).map((cell) => text(cell(item))));
  const names = () => items.map((item) => `${printable(shape.name(item))}\n`).join('');
  terminal.stdout.write(rendered(options.output, items, () => table(headings, rows()), names));
}

/**
 * Prints one thing: a line for each field, a document, or its name.
 * @param document for JSON and YAML, when it says more than the thing.
 */
export function printOne<T>({ terminal, options }: Session, item: T, shape: Shape<T>, document: unknown = item): void {
  const width = Math.max(...Object.keys(shape.columns).map((heading) => heading.length));
  const line = ([heading, cell]: [string, (item: T) => Cell]) =>
    `${heading.padEnd(width)}  ${printable(text(cell(item))) || '-'}\n`;
  const lines = () => Object.entries(shape.columns).map(line).join('');
  terminal.stdout.write(rendered(options.output, document, lines, () => `${printable(shape.name(item))}\n`));
}

function rendered(format: OutputFormat, document: unknown, asTable: () => string, asName: () => string): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(sorted(document), null, 2)}\n`;
    case 'yaml':
      return stringify(sorted(document));
    case 'sarif':
      throw usageError('no_sarif', 'Only isolation proofs have a SARIF form.', 'Choose json or yaml.');
    case 'name':
      return asName();
    default:
      return asTable();
  }
}

/** The order of keys is no promise of the API; two answers that say the same should print the same. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}

function text(cell: Cell): string {
  return cell === null || cell === undefined ? '' : String(cell);
}

/** `riverside@1` */
export function version({ name, version: number }: { readonly name: string; readonly version: number }): string {
  return `${name}@${number}`;
}

/** A time without its fractions of a second, in UTC. */
export function time(iso: string | null): string {
  return iso === null ? '' : iso.replace(/\.\d+Z$/, 'Z');
}
