export * from './prove.js';
export * from './database/target.js';
export * from './database/workload-profile.js';
export * from './holdings/aws-holdings.js';
export * from './holdings/target.js';
export * from './routes/forged-tokens.js';
export * from './routes/target.js';
export * from './service/service-target.js';
