import { BulkheadError, type FieldError } from '@bulkhead/kernel';
import type { CalendarDate } from '../commercial/calendar-date.js';

export const SENSITIVITIES = ['low', 'moderate', 'high'] as const;

/** What is recorded of a customer to decide on its tier. `title` and `unit` are the words in which answers speak. */
export const FACTS = {
  regulatorySensitivity: { kind: 'level', title: 'regulatory sensitivity', levels: SENSITIVITIES },
  contractualSeparation: { kind: 'flag', title: 'a contract or regulator that asks for physical separation' },
  transactionsPerDay: { kind: 'count', title: 'transactions', unit: 'transactions a day' },
  integrations: { kind: 'count', title: 'integrations', unit: 'integrations' },
  annualRevenueMinor: { kind: 'count', title: 'revenue', unit: 'minor units of revenue a year' },
  providers: { kind: 'count', title: 'providers', unit: 'providers' },
  clinics: { kind: 'count', title: 'clinics', unit: 'clinics' },
  storageGb: { kind: 'count', title: 'storage', unit: 'GB of storage' },
} as const satisfies Record<string, FactKind & { readonly title: string }>;

type FactKind =
  | { readonly kind: 'level'; readonly levels: readonly string[] }
  | { readonly kind: 'flag' }
  | { readonly kind: 'count'; readonly unit: string };

export type FactName = keyof typeof FACTS;
export const FACT_NAMES = Object.keys(FACTS) as readonly FactName[];
export type FactValue = string | number | boolean;

/** A fact with where it comes from: who or what said it, and when it was so. */
export interface Fact {
  readonly name: FactName;
  readonly value: FactValue;
  readonly source: string;
  readonly observedOn: CalendarDate;
}

export type FactValues = Readonly<Partial<Record<FactName, FactValue>>>;

/** Values of facts of which each name occurs once. */
export function factValues(facts: readonly Pick<Fact, 'name' | 'value'>[]): FactValues {
  return Object.fromEntries(facts.map(({ name, value }) => [name, value]));
}

/**
 * Refuses values that a fact cannot have, and days that are still to come.
 * @throws BulkheadError `invalid_fact` (422) with every problem.
 */
export function checkFacts(facts: readonly Fact[], today: CalendarDate): void {
  const errors = facts.flatMap((fact, index) => factProblems(fact, today, `/facts/${index}`));
  if (errors.length === 0) return;
  throw new BulkheadError({
    code: 'invalid_fact',
    status: 422,
    publicMessage: errors[0]?.message ?? 'A fact cannot be recorded.',
    remediation: 'Mend what errors[] names; nothing was recorded.',
    errors,
  });
}

function factProblems({ name, value, observedOn }: Fact, today: CalendarDate, at: string): FieldError[] {
  const rule: FactKind = FACTS[name];
  const wanted =
    rule.kind === 'level'
      ? `one of ${rule.levels.join(', ')}`
      : rule.kind === 'flag'
        ? 'true or false'
        : 'a whole number';
  const fits =
    rule.kind === 'level'
      ? rule.levels.includes(String(value)) && typeof value === 'string'
      : rule.kind === 'flag'
        ? typeof value === 'boolean'
        : Number.isSafeInteger(value) && Number(value) >= 0;
  return [
    ...(fits ? [] : [{ pointer: `${at}/value`, message: `${name} is ${wanted}.` }]),
    ...(observedOn > today
      ? [{ pointer: `${at}/observedOn`, message: 'A fact cannot be observed in the future.' }]
      : []),
  ];
}
