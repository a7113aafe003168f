export * from './signed-context.js';
export * from './tenant-token.js';
