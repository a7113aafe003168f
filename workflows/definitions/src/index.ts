export * from './activity-types.js';
export * from './contract.js';
