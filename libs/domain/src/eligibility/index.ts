export type { Condition } from './conditions.js';
export * from './policy-text.js';
export * from './eligibility.js';
