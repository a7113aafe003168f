import cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { BulkheadError } from '@bulkhead/kernel';
import { FACTS, type FactName } from '../classification/facts.js';
import { LAYERS, type Layer } from '../placement/layers.js';
import { PLAN_KINDS } from '../templates/template-types.js';
import { readCondition, Unexplainable, type Condition } from './conditions.js';

/** One rule of the text: the layer is refused unless its condition holds. */
export interface EligibilityRule {
  readonly id: string;
  readonly layer: Layer;
  /** What the rule asks for, as the text says it (`@says`). */
  readonly says: string;
  readonly condition: Expr;
}

export interface ReadPolicy {
  readonly rules: readonly EligibilityRule[];
  /** The text of each policy by its id, as Cedar takes it. */
  readonly byId: Readonly<Record<string, string>>;
}

/** Facts may be unknown, so each is optional: Cedar's validator then refuses a rule that does not ask `has` first. */
const SCHEMA = `entity Tenant; entity Layer;
action "dedicate" appliesTo { principal: Tenant, resource: Layer, context: {
  planKind: String,
  ${Object.entries(FACTS)
    .map(([name, { kind }]) => `${name}?: ${{ level: 'String', flag: 'Bool', count: 'Long' }[kind]}`)
    .join(',\n  ')}
} };`;

/**
 * Reads a policy text (Cedar, https://docs.cedarpolicy.com). Every layer has one `permit`; every rule is a
 * `forbid … unless` with `@id` and `@says`, so that Cedar's answer names exactly the rules that are not met.
 * @throws BulkheadError `invalid_eligibility_policy` (422) with every problem.
 */
export function readPolicyText(text: string): ReadPolicy {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure') throw invalid(parts.errors.map(({ message }) => message));
  const policies = parts.policies.map((policy) => ({ policy, json: jsonOf(policy) }));
  const problems = [...validatorProblems(text), ...policies.flatMap(({ json }) => shapeProblems(json))];
  const ids = policies.map(({ json }) => json.annotations?.['id'] ?? '');
  if (new Set(ids).size !== ids.length) problems.push('two policies have the same @id');
  const permitted = policies.filter(({ json }) => json.effect === 'permit').map(({ json }) => layerOf(json));
  for (const layer of LAYERS) if (!permitted.includes(layer)) problems.push(`layer ${layer} has no permit`);
  if (problems.length > 0) throw invalid(problems);
  const rules = policies.flatMap(({ json }) => ruleOf(json));
  return { rules, byId: Object.fromEntries(policies.map(({ policy }, index) => [ids[index], policy])) };
}

function jsonOf(policy: string): PolicyJson {
  const answer = cedar.policyToJson(policy);
  if (answer.type === 'failure') throw invalid(answer.errors.map(({ message }) => message));
  return answer.json;
}

function validatorProblems(text: string): string[] {
  const answer = cedar.validate({ schema: SCHEMA, policies: { staticPolicies: text } });
  if (answer.type === 'failure') return answer.errors.map(({ message }) => message);
  return answer.validationErrors.map(({ error }) => error.message);
}

function shapeProblems(json: PolicyJson): string[] {
  const id = json.annotations?.['id'];
  if (!id) return ['a policy has no @id'];
  if (json.principal.op !== 'All' || layerOf(json) === undefined)
    return [`${id}: the head must be (principal, action == Action::"dedicate", resource == Layer::"<layer>")`];
  if (json.effect === 'permit') return json.conditions.length === 0 ? [] : [`${id}: a permit has no conditions`];
  const [clause, ...more] = json.conditions;
  if (!json.annotations?.['says']) return [`${id}: a rule needs @says`];
  if (clause?.kind !== 'unless' || more.length > 0) return [`${id}: a rule is one forbid … unless`];
  try {
    return wordProblems(readCondition(clause.body, {})).map((problem) => `${id}: ${problem}`);
  } catch (error) {
    if (error instanceof Unexplainable) return [`${id}: ${error.message}`];
    throw error;
  }
}

/** Cedar only warns of a comparison that can never be reached because there is no such attribute. */
function wordProblems(condition: Condition): string[] {
  if ('of' in condition) return condition.of.flatMap(wordProblems);
  const { attribute } = condition;
  const fact = Object.hasOwn(FACTS, attribute) ? FACTS[attribute as FactName] : undefined;
  if (!fact && attribute !== 'planKind') return [`there is no fact "${attribute}"`];
  const words: readonly string[] | undefined = fact ? ('levels' in fact ? fact.levels : undefined) : PLAN_KINDS;
  if (!words || condition.kind !== 'is' || words.includes(String(condition.wanted))) return [];
  return [`${attribute} is never "${condition.wanted}", only ${words.join(', ')}`];
}

function layerOf({ action, resource }: PolicyJson): Layer | undefined {
  if (action.op !== '==' || resource.op !== '==' || !('entity' in resource) || !('id' in resource.entity))
    return undefined;
  const { id } = resource.entity;
  return LAYERS.find((layer) => layer === id);
}

function ruleOf(json: PolicyJson): EligibilityRule[] {
  const [clause] = json.conditions;
  const layer = layerOf(json);
  if (json.effect !== 'forbid' || !clause || !layer) return [];
  return [
    { id: json.annotations?.['id'] ?? '', layer, says: json.annotations?.['says'] ?? '', condition: clause.body },
  ];
}

function invalid(problems: readonly string[]): BulkheadError {
  return new BulkheadError({
    code: 'invalid_eligibility_policy',
    status: 422,
    publicMessage: `The eligibility policy cannot be used: ${problems.join('; ')}.`,
    remediation: 'Mend the policy text in tenant-templates/eligibility; see docs/adr/0013-eligibility-as-text.md.',
    errors: problems.map((message) => ({ pointer: '/policy', message })),
  });
}
