export * from './cell.js';
export * from './dedicated-tenant.js';
export * from './landing-zone.js';
export * from './program-for.js';
export * from './roster.js';
export * from './schema-version.js';
