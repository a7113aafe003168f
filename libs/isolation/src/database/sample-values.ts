import { randomUUID } from 'node:crypto';
import type { ProbeTenant } from './probe-tenants.js';

/** A column as the catalogues describe it. */
export interface Column {
  readonly name: string;
  /** As in a cast, such as `character varying(20)`. */
  readonly type: string;
  /** Of the type behind a domain: `S` string, `N` number, `D` date or time, `B` boolean, `E` enum, `A` array … */
  readonly category: string;
  /** Name of the type behind a domain. */
  readonly base: string;
  readonly length: number | null;
  readonly labels: readonly string[] | null;
  readonly required: boolean;
  readonly defaulted: boolean;
  /** Definitions of the CHECK constraints that mention it. */
  readonly checks: readonly string[];
}

const NUMBERS: Readonly<Record<ProbeTenant['ordinal'], string>> = { 1: '31001', 2: '31002' };

/** A value that the type accepts, another one for each tenant; undefined when the type is not known here. */
export function sampleValue(column: Column, tenant: ProbeTenant): string | undefined {
  const chosen = fromChecks(column, tenant);
  if (chosen !== undefined) return chosen;
  const { base, category, labels, length } = column;
  const byType: Readonly<Record<string, string>> = {
    uuid: randomUUID(),
    json: JSON.stringify({ note: tenant.secret }),
    jsonb: JSON.stringify({ note: tenant.secret }),
    bytea: `\\x${Buffer.from(tenant.secret).toString('hex')}`,
    interval: `${tenant.ordinal} days`,
    time: '09:00',
    timetz: '09:00+00',
    inet: `192.0.2.${tenant.ordinal}`,
    cidr: `192.0.2.${tenant.ordinal}/32`,
    char: String(tenant.ordinal),
  };
  if (byType[base] !== undefined) return byType[base];
  if (labels && labels.length > 0) return labels[0];
  switch (category) {
    case 'S':
      return length === null ? tenant.secret : tenant.secret.slice(-length);
    case 'N':
      return NUMBERS[tenant.ordinal];
    case 'D':
      return `2001-01-0${tenant.ordinal}`;
    case 'B':
      return 'true';
    case 'A':
      return '{}';
    case 'R':
      return 'empty';
    default:
      return undefined;
  }
}

/** A value that simple constraints ask for: one of a list, or one that fits a pattern. */
function fromChecks({ checks, category }: Column, tenant: ProbeTenant): string | undefined {
  for (const check of checks) {
    const pattern = /~ '((?:[^']|'')+)'::text/.exec(check)?.[1];
    const made = pattern === undefined ? undefined : fromPattern(pattern, String(tenant.ordinal));
    if (made !== undefined) return made;
    const listed = /(?:= ANY \(\(?ARRAY\[|= )'([^']+)'::/.exec(check)?.[1];
    if (listed !== undefined && category === 'S') return listed;
    const least = /(?:>=|>) \(?(\d+)/.exec(check)?.[1];
    if (least !== undefined && category === 'N') return String(Number(least) + tenant.ordinal);
  }
  return undefined;
}

/** A text for an anchored pattern of literals and character classes with counts; undefined for anything richer. */
export function fromPattern(pattern: string, filler: string): string | undefined {
  if (!/^\^.*\$$/s.test(pattern)) return undefined;
  const token = /\[([^\]^]+)\](\{(\d+)(?:,\d*)?\}|[+*?])?|\\([dw.-])(\{(\d+)(?:,\d*)?\}|[+*?])?|([\w /:@-])/gy;
  const body = pattern.slice(1, -1);
  let text = '';
  for (let match = token.exec(body); ; match = token.exec(body)) {
    if (!match) return undefined;
    const [, set, , setTimes, escape, , escapeTimes, literal] = match;
    if (literal !== undefined) text += literal;
    else {
      text += characterOf(set, escape, filler).repeat(repeats(setTimes ?? escapeTimes));
    }
    if (token.lastIndex === body.length) return text;
  }
}

function repeats(times: string | undefined): number {
  return Math.max(1, Number(times ?? 1));
}

function characterOf(set: string | undefined, escape: string | undefined, filler: string): string {
  if (set !== undefined) return new RegExp(`[${set}]`).test(filler) ? filler : (set[0] ?? filler);
  return escape === 'd' || escape === 'w' ? filler : (escape ?? filler);
}
