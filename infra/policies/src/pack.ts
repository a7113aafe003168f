import {
  PolicyPack,
  type PolicyConfigSchema,
  type ResourceValidationPolicy,
  type StackValidationPolicy,
} from '@pulumi/policy';
import { LIFTABLE_RULES } from './pack-config.js';
import { RESOURCE_RULES, STACK_RULES } from './rules/index.js';
import type { CheckedResource, ResourceRule, RuleContext, StackRule } from './rules/rule.js';

const DISCARDABLE: PolicyConfigSchema = {
  properties: { discardedBy: { type: 'string', pattern: '^op_[0-9a-f]{32}$' } },
};

interface Declared {
  readonly urn: string;
  readonly type: string;
  readonly props: Record<string, unknown>;
  readonly opts: { readonly protect: boolean };
}

function checked({ urn, type, props, opts }: Declared): CheckedResource {
  return { urn, type, props, protect: opts.protect };
}

function resourcePolicy(rule: ResourceRule): ResourceValidationPolicy {
  const liftable = (LIFTABLE_RULES as readonly string[]).includes(rule.id);
  return {
    name: rule.id,
    description: rule.description,
    enforcementLevel: 'mandatory',
    ...(liftable ? { configSchema: DISCARDABLE } : {}),
    validateResource(args, report) {
      const context: RuleContext = liftable ? args.getConfig<RuleContext>() : {};
      const problem = rule.check(checked(args), context);
      if (problem !== undefined) report(problem);
    },
  };
}

function stackPolicy(rule: StackRule): StackValidationPolicy {
  return {
    name: rule.id,
    description: rule.description,
    enforcementLevel: 'mandatory',
    validateStack(args, report) {
      for (const { urn, problem } of rule.check(args.resources.map(checked))) report(problem, urn);
    },
  };
}

/** Serves the rules to the CLI that started this process. */
export function servePack(): void {
  new PolicyPack('bulkhead', { policies: [...RESOURCE_RULES.map(resourcePolicy), ...STACK_RULES.map(stackPolicy)] });
}
