export * from './signed-context.js';
export * from './tenant-token.js';
export * from './sealed-box.js';
export * from './token-revocation.js';
export * from './token-secret.js';
