export * from './prove.js';
export * from './database/target.js';
export * from './database/workload-profile.js';
