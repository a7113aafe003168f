export * from './billing/index.js';
export * from './anchor/index.js';
export * from './notifications/index.js';
