export * from './fleet.js';
export * from './fleet-plan.js';
export * from './judge-losses.js';
export * from './placed-specs.js';
export * from './planned-step.js';
export * from './retention.js';
export * from './state-loss.js';
export * from './wanted-requests.js';
