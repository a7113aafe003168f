export * from './catalog.entity.js';
export * from './gate.entity.js';
export * from './operation.entity.js';
export * from './placement.entity.js';
export * from './tenant.entity.js';
export * from './token.entity.js';
