export * from './count-used.js';
export * from './declared-quotas.js';
export * from './quota-source.js';
export * from './service-quotas.js';
