export * from './config.js';
export * from './error-facts.js';
export * from './health.js';
export * from './logger.js';
export * from './nest-logger.js';
