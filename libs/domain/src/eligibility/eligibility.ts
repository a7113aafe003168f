import cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { FactValues } from '../classification/facts.js';
import type { Layer } from '../placement/layers.js';
import type { PlanKind } from '../templates/template-types.js';
import { inWords, readCondition, type Condition } from './conditions.js';
import { readPolicyText, type ReadPolicy } from './policy-text.js';

/** One rule with how a customer stands to it. */
export interface RuleOutcome {
  readonly id: string;
  readonly says: string;
  readonly met: boolean;
  /** In plain words: "needs 3 more providers (has 47, at least 50 asked)". */
  readonly detail: string;
  readonly condition: Condition;
}

export interface LayerEligibility {
  readonly layer: Layer;
  readonly eligible: boolean;
  readonly rules: readonly RuleOutcome[];
}

export interface EligibilityQuestion {
  readonly tenantId: string;
  readonly facts: FactValues;
  readonly planKind: PlanKind;
}

/** Texts are few and never change once published, and reading one takes some milliseconds. */
const read = new Map<string, ReadPolicy>();

function policyOf(text: string): ReadPolicy {
  const known = read.get(text) ?? readPolicyText(text);
  read.set(text, known);
  return known;
}

/**
 * Whether a tenant may have these layers of its own. Cedar decides; what is said about it is read from the same text.
 * Fails closed: a rule that cannot be evaluated counts as not met.
 * @param text a policy text as {@link readPolicyText} takes it.
 * @throws BulkheadError `invalid_eligibility_policy` (422).
 * @throws Error when Cedar and the explanation disagree: neither may then be shown.
 */
export function decideEligibility(
  text: string,
  question: EligibilityQuestion,
  layers: readonly Layer[],
): LayerEligibility[] {
  const policy = policyOf(text);
  return layers.map((layer) => decideLayer(policy, question, layer));
}

function decideLayer(
  policy: ReadPolicy,
  { tenantId, facts, planKind }: EligibilityQuestion,
  layer: Layer,
): LayerEligibility {
  const context = { ...facts, planKind };
  const answer = cedar.isAuthorized({
    principal: { type: 'Tenant', id: tenantId },
    action: { type: 'Action', id: 'dedicate' },
    resource: { type: 'Layer', id: layer },
    context,
    policies: { staticPolicies: policy.byId },
    entities: [],
  });
  if (answer.type === 'failure') throw new Error(`Cedar refused the question: ${answer.errors[0]?.message}`);
  const { decision, diagnostics } = answer.response;
  // A rule that failed to evaluate is skipped by Cedar, which would allow what it forbids.
  if (diagnostics.errors.length > 0) throw new Error(`A rule cannot be evaluated: ${diagnostics.errors[0]?.policyId}`);
  const unmet = new Set(decision === 'deny' ? diagnostics.reason : []);
  const rules = policy.rules
    .filter((rule) => rule.layer === layer)
    .map(({ id, says, condition }) => {
      const measured = readCondition(condition, context);
      if (measured.met === unmet.has(id)) throw new Error(`The explanation of ${id} does not agree with its rule`);
      return { id, says, met: measured.met, detail: inWords(measured), condition: measured };
    });
  return { layer, eligible: decision === 'allow', rules };
}

/** What is missing, one sentence for each rule that is not met; empty when everything is met. */
export function missingInWords(decided: readonly LayerEligibility[]): string[] {
  return decided.flatMap(({ layer, rules }) =>
    rules.filter(({ met }) => !met).map(({ detail }) => `Own ${layer}: ${detail}.`),
  );
}
