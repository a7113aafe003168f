export * from './proof-plane.js';
export * from './database-leaks.js';
export * from './planted-leak.js';
