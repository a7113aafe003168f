import type { PropertyRule, Rules } from './resource-type.js';
import { canonicalText, hasUnknown, sameJson, type Json, type Properties } from './values.js';

/** Whether two values of a property mean the same to the cloud. */
export function sameValue(rule: PropertyRule, left: Json | undefined, right: Json | undefined): boolean {
  const a = left ?? rule.fallback;
  const b = right ?? rule.fallback;
  if (sameJson(a, b)) return true;
  if (rule.compareAs === 'document') return sameDocument(a, b);
  if (rule.compareAs === 'set' && Array.isArray(a) && Array.isArray(b)) {
    return sameJson(sorted(rule, a), sorted(rule, b));
  }
  return rule.nested !== undefined && sameNested(rule.nested, a, b);
}

/** The members in a fixed order, each with the defaults that it leaves out. */
function sorted(rule: PropertyRule, items: readonly Json[]): Json {
  const defaults = Object.fromEntries(
    Object.entries(rule.nested ?? {}).flatMap(([name, { fallback }]) =>
      fallback === undefined ? [] : [[name, fallback]],
    ),
  );
  const complete = (item: Json): Json => (rule.nested === undefined ? item : { ...defaults, ...(item as Properties) });
  return items.map((item) => canonicalText(complete(item))).sort();
}

function sameNested(rules: Rules, a: Json | undefined, b: Json | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameNested(rules, item, b[index]));
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return Object.entries(rules).every(([name, rule]) => {
    return sameValue(rule, (a as Properties)[name], (b as Properties)[name]);
  });
}

function sameDocument(a: Json | undefined, b: Json | undefined): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  try {
    return sameJson(normalDocument(JSON.parse(a) as Json), normalDocument(JSON.parse(b) as Json));
  } catch {
    return false;
  }
}

/** IAM stores a list of one as its only member, and lists of actions or principals have no order. */
function normalDocument(value: Json): Json {
  if (Array.isArray(value)) {
    const items = value.map(normalDocument).sort((x, y) => (canonicalText(x) < canonicalText(y) ? -1 : 1));
    return items.length === 1 ? (items[0] ?? null) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normalDocument(item)]));
}

export interface Change {
  readonly property: string;
  readonly kind: 'add' | 'update' | 'delete';
  readonly replaces: boolean;
}

/** What differs between two sets of inputs. A value that is still unknown counts as different. */
export function changesBetween(rules: Rules, before: Properties, after: Properties): readonly Change[] {
  const changes: Change[] = [];
  for (const [property, rule] of Object.entries(rules)) {
    const old = before[property];
    const wanted = after[property];
    if (wanted === undefined && rule.computed === true) continue;
    if (!hasUnknown(wanted) && sameValue(rule, old, wanted)) continue;
    const kind = old === undefined ? 'add' : wanted === undefined ? 'delete' : 'update';
    changes.push({ property, kind, replaces: rule.replaces === true });
  }
  return changes;
}

/**
 * The inputs that a program would have to give to get what the cloud has: values that mean the same keep the
 * program's spelling, and what the program never gave appears only where it differs from the default.
 */
export function observedInputs(rules: Rules, given: Properties, observed: Properties): Properties {
  const importing = Object.keys(given).length === 0;
  const inputs: Record<string, Json> = {};
  for (const [property, rule] of Object.entries(rules)) {
    const before = given[property];
    const seen = observed[property];
    if (rule.unobserved === true || (before !== undefined && sameValue(rule, before, seen))) {
      if (before !== undefined) inputs[property] = before;
    } else if (seen !== undefined && (before !== undefined || importing || isDrift(rule, seen))) {
      inputs[property] = seen;
    }
  }
  return inputs;
}

function isDrift(rule: PropertyRule, seen: Json): boolean {
  return rule.computed !== true && !sameValue(rule, undefined, seen);
}

/** Refusals of properties that the rules do not name, as `path` → reason. */
export function unknownProperties(
  rules: Rules,
  values: Properties,
  path = '',
): readonly { property: string; reason: string }[] {
  const failures: { property: string; reason: string }[] = [];
  for (const [name, value] of Object.entries(values)) {
    const rule = rules[name];
    const property = `${path}${name}`;
    if (rule === undefined) {
      failures.push({
        property,
        reason: `is not implemented; supported here: ${Object.keys(rules).sort().join(', ')}`,
      });
    } else if (rule.nested !== undefined) {
      failures.push(...unknownNested(rule.nested, value, property));
    }
  }
  return failures;
}

function unknownNested(rules: Rules, value: Json, path: string): readonly { property: string; reason: string }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => unknownNested(rules, item, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  return unknownProperties(rules, withoutNulls(value as Properties), `${path}.`);
}

function withoutNulls(values: Properties): Properties {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
