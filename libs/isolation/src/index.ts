export * from './prove.js';
export * from './database/target.js';
