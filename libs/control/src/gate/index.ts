export * from './command.js';
export * from './completeness.js';
export * from './gate.js';
export * from './gate.module.js';
export * from './operations.js';
export * from './principal.js';
