import { BulkheadError } from '@bulkhead/kernel';

/** One line of a file of wishes: what it says, or what is wrong with it. */
export type ChangeCsvRow =
  | { readonly line: number; readonly wish: CsvWish }
  | { readonly line: number; readonly problem: CsvProblem };

export interface CsvWish {
  /** Id or slug. */
  readonly tenant: string;
  readonly tier?: string;
  readonly plan?: string;
  readonly quantity?: number;
  readonly effectiveOn?: string;
  readonly reason: string;
  readonly contactEmail?: string;
}

export interface CsvProblem {
  readonly code: 'csv_encoding' | 'csv_formula' | 'csv_row';
  readonly message: string;
}

export const CSV_COLUMNS = ['tenant', 'tier', 'plan', 'quantity', 'effective_on', 'reason', 'contact_email'] as const;
type Column = (typeof CSV_COLUMNS)[number];
export const MAX_CSV_ROWS = 200;

const LINE_FEED = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a file of wishes: UTF-8, comma-separated (RFC 4180, but no line breaks inside of cells), with a heading. What
 * is wrong with one row is said of that row; the others are read all the same. A cell that a spreadsheet would run as a
 * formula (`=`, `+`, `-`, `@`, tab) is refused: such files are opened again where they came from.
 * @throws BulkheadError `invalid_csv` (422) when there is no heading, a column that nobody knows, or more than
 * {@link MAX_CSV_ROWS} rows.
 */
export function readChangeCsv(bytes: Uint8Array): ChangeCsvRow[] {
  const lines = splitLines(withoutMark(bytes));
  const [heading, ...rows] = lines;
  const columns = readHeading(heading);
  if (rows.length === 0) throw invalidCsv('There is no row below the heading.');
  if (rows.length > MAX_CSV_ROWS) throw invalidCsv(`There are more than ${MAX_CSV_ROWS} rows.`);
  return rows.map((row, index) => readRow(row, columns, index + 2));
}

function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** By bytes, so that a broken character spoils its own line only. */
function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(LINE_FEED, from);
    const line = bytes.subarray(from, end < 0 ? bytes.length : end);
    lines.push(line.at(-1) === 0x0d ? line.subarray(0, -1) : line);
    from = end < 0 ? bytes.length : end + 1;
  }
  return lines;
}

function readHeading(line: Uint8Array | undefined): Column[] {
  const cells = line && cellsOf(decoded(line) ?? '');
  const known = (name: string): name is Column => (CSV_COLUMNS as readonly string[]).includes(name);
  if (!cells || !cells.every(known) || new Set(cells).size !== cells.length)
    throw invalidCsv(`The first line must name columns among ${CSV_COLUMNS.join(', ')}, each once, in UTF-8.`);
  for (const needed of ['tenant', 'reason'] as const)
    if (!cells.includes(needed)) throw invalidCsv(`The column ${needed} is missing.`);
  return cells;
}

function readRow(bytes: Uint8Array, columns: readonly Column[], line: number): ChangeCsvRow {
  const problem = (code: CsvProblem['code'], message: string): ChangeCsvRow => ({ line, problem: { code, message } });
  const text = decoded(bytes);
  if (text === undefined) return problem('csv_encoding', 'The row is not UTF-8.');
  const cells = cellsOf(text);
  if (!cells) return problem('csv_row', 'A quoted cell does not end, or goes on after its end.');
  if (cells.length !== columns.length)
    return problem('csv_row', `The row has ${cells.length} cells, the heading ${columns.length}.`);
  const formula = cells.findIndex((cell) => /^\s*[=+\-@\t]/.test(cell));
  if (formula >= 0) return problem('csv_formula', `The cell ${columns[formula]} could be run as a formula.`);
  const cell = (name: Column): string | undefined => cells[columns.indexOf(name)]?.trim() || undefined;
  const tenant = cell('tenant');
  const reason = cell('reason');
  if (!tenant || !reason) return problem('csv_row', 'tenant and reason must not be empty.');
  const faulty = faults(cell);
  return faulty ? problem('csv_row', faulty) : { line, wish: wishOf(cell, tenant, reason) };
}

type Cell = (name: Column) => string | undefined;

function faults(cell: Cell): string | undefined {
  const [quantity, day, email] = [cell('quantity'), cell('effective_on'), cell('contact_email')];
  if (quantity !== undefined && !/^[1-9]\d{0,6}$/.test(quantity))
    return 'quantity must be a whole number of at least 1.';
  if (day !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(day)) return 'effective_on must be a day such as 2026-12-01.';
  if (email !== undefined && !/^[^\s@]{1,64}@[^\s@]{1,189}$/.test(email)) return 'contact_email must be an address.';
  if ((cell('reason') ?? '').length > 500) return 'reason must have at most 500 characters.';
  return undefined;
}

function wishOf(cell: Cell, tenant: string, reason: string): CsvWish {
  const [tier, plan, quantity] = [cell('tier'), cell('plan'), cell('quantity')];
  const [effectiveOn, contactEmail] = [cell('effective_on'), cell('contact_email')];
  return {
    ...{ tenant, reason },
    ...(tier !== undefined && { tier }),
    ...(plan !== undefined && { plan }),
    ...(quantity !== undefined && { quantity: Number(quantity) }),
    ...(effectiveOn !== undefined && { effectiveOn }),
    ...(contactEmail !== undefined && { contactEmail }),
  };
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(bytes);
    // oxlint-disable-next-line no-control-regex
    return /[\u0000-\u0008\u000b-\u001f\u007f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Cells of one line; undefined when its quotes are wrong. */
function cellsOf(line: string): string[] | undefined {
  const cells: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (let end = false; !end;) {
    const match = pattern.exec(line);
    if (!match) return undefined;
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    end = match[3] === '';
  }
  return cells;
}

function invalidCsv(publicMessage: string): BulkheadError {
  return new BulkheadError({
    code: 'invalid_csv',
    status: 422,
    publicMessage,
    remediation: `Send UTF-8 with the heading ${CSV_COLUMNS.join(',')} and at most ${MAX_CSV_ROWS} rows.`,
    errors: [{ pointer: '/csvBase64', message: publicMessage }],
  });
}
