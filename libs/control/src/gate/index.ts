export * from './command.js';
export * from './gate.js';
export * from './operations.js';
export * from './principal.js';
