export * from './audit-entry.js';
export * from './merkle-hash.js';
export * from './merkle-tree.js';
export * from './merkle-verify.js';
export * from './signed-note.js';
export * from './checkpoint.js';
export * from './export-bundle.js';
export * from './verify-export.js';
