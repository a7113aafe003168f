export * from './data-source.js';
export * from './entities/index.js';
export * from './unit-of-work.js';
export * from './tenants.js';
export * from './tokens.js';
export * from './audit/index.js';
export * from './migrate.js';
