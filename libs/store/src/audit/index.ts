export * from './append-audit.js';
export * from './audit-log.js';
export * from './audit-sequencer.js';
