import type { Expr } from '@cedar-policy/cedar-wasm/nodejs';
import { FACTS, type FactName, type FactValue } from '../classification/facts.js';

/** What a rule asks for, read from the rule itself, with how far away a customer is from it. */
export type Condition =
  | { readonly kind: 'all' | 'any'; readonly met: boolean; readonly of: readonly Condition[] }
  | {
      readonly kind: 'at_least' | 'at_most';
      readonly met: boolean;
      readonly attribute: string;
      readonly threshold: number;
      readonly value: number | null;
      /** By how much the value is too small or too large; null when it is met or not known. */
      readonly missing: number | null;
    }
  | {
      readonly kind: 'is';
      readonly met: boolean;
      readonly attribute: string;
      readonly wanted: FactValue;
      readonly value: FactValue | null;
    };

export type Context = Readonly<Record<string, FactValue>>;

/** Thrown for a rule that Cedar would understand and nobody could explain. */
export class Unexplainable extends Error {}

/**
 * Reads a condition of a Cedar policy (its JSON form) and measures a context by it.
 * @throws Unexplainable for anything but comparisons of context attributes, joined by `&&` and `||`.
 */
export function readCondition(expression: Expr, context: Context): Condition {
  const [operator, operands] = Object.entries(expression)[0] as [string, { left: Expr; right: Expr }];
  if (operator === '&&' || operator === '||') {
    const sides = [operands.left, operands.right].filter((side) => operator === '||' || !isPresence(side));
    const of = sides.map((side) => readCondition(side, context)).flatMap((one) => flat(one, operator));
    if (of.length === 1 && of[0]) return of[0];
    const met = operator === '&&' ? of.every((one) => one.met) : of.some((one) => one.met);
    return { kind: operator === '&&' ? 'all' : 'any', met, of };
  }
  return readComparison(operator, operands, context);
}

/** `context has x`: it goes before each comparison of an attribute that may be absent, and says nothing by itself. */
function isPresence(expression: Expr): boolean {
  return 'has' in expression;
}

function flat(condition: Condition, operator: '&&' | '||'): readonly Condition[] {
  const kind = operator === '&&' ? 'all' : 'any';
  return condition.kind === kind ? condition.of : [condition];
}

function readComparison(operator: string, operands: { left: Expr; right: Expr }, context: Context): Condition {
  const attribute = attributeOf(operands.left);
  const wanted = literalOf(operands.right);
  const value = context[attribute] ?? null;
  if (operator === '==') return { kind: 'is', met: value === wanted, attribute, wanted, value };
  if (typeof wanted !== 'number' || (operator !== '>=' && operator !== '<='))
    throw new Unexplainable(`"${operator}" is not among &&, ||, ==, >= and <=`);
  const number = typeof value === 'number' ? value : null;
  const distance = number === null ? null : operator === '>=' ? wanted - number : number - wanted;
  const met = distance !== null && distance <= 0;
  const kind = operator === '>=' ? 'at_least' : 'at_most';
  return { kind, met, attribute, threshold: wanted, value: number, missing: met ? null : distance };
}

function attributeOf(expression: Expr): string {
  if ('.' in expression) {
    const { left, attr } = expression['.'] as { left: Expr; attr: string };
    if ('Var' in left && left.Var === 'context') return attr;
  }
  throw new Unexplainable('the left side of a comparison must be context.<attribute>');
}

function literalOf(expression: Expr): FactValue {
  if ('Value' in expression) {
    const value = expression.Value as unknown;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  }
  throw new Unexplainable('the right side of a comparison must be a text, a whole number, true or false');
}

/** The condition in plain words: what is met, or what is missing and by how much. */
export function inWords(condition: Condition): string {
  switch (condition.kind) {
    case 'all':
      return condition.of
        .filter((one) => condition.met || !one.met)
        .map(inWords)
        .join(', and ');
    case 'any':
      return condition.of
        .filter((one) => !condition.met || one.met)
        .map(inWords)
        .join(', or ');
    case 'is':
      return isInWords(condition);
    case 'at_least':
    case 'at_most':
      return limitInWords(condition);
  }
}

function limitInWords(condition: Extract<Condition, { kind: 'at_least' | 'at_most' }>): string {
  const { kind, met, attribute, threshold, value, missing } = condition;
  const unit = unitOf(attribute);
  const limit = `${kind === 'at_least' ? 'at least' : 'at most'} ${threshold}`;
  if (value === null) return `needs ${limit} ${unit}, of which nothing is recorded`;
  if (met) return `has ${value} ${unit}, ${limit} asked`;
  return `needs ${missing} ${kind === 'at_least' ? 'more' : 'fewer'} ${unit} (has ${value}, ${limit} asked)`;
}

function isInWords({ met, attribute, wanted, value }: Extract<Condition, { kind: 'is' }>): string {
  const fact = factOf(attribute);
  if (fact?.kind === 'flag') return `${met ? 'has' : 'needs'} ${wanted === true ? '' : 'no '}${fact.title}`;
  const title = fact?.title ?? TITLES[attribute] ?? attribute;
  if (met) return `${title} is ${value}`;
  return `${title} must be ${wanted} (${value === null ? 'nothing is recorded' : `is ${value}`})`;
}

const TITLES: Readonly<Record<string, string>> = { planKind: 'the kind of plan' };

function factOf(attribute: string) {
  return Object.hasOwn(FACTS, attribute) ? FACTS[attribute as FactName] : undefined;
}

function unitOf(attribute: string): string {
  const fact = factOf(attribute);
  return fact && 'unit' in fact ? fact.unit : attribute;
}
