export * from './fleet.js';
export * from './placed-specs.js';
export * from './planned-step.js';
export * from './state-loss.js';
export * from './wanted-requests.js';
