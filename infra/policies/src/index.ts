export { CONTROLS, RULES, type Controls } from './controls.js';
export { LIFTABLE_RULES, POLICY_PACK_PATH, policyConfig } from './pack-config.js';
export { STATEFUL_TYPES } from './rules/retention.js';
export { RESOURCE_RULES, STACK_RULES } from './rules/index.js';
export type { CheckedResource, ResourceRule, RuleContext, StackRule } from './rules/rule.js';
