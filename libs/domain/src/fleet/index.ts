export * from './fleet.js';
export * from './placed-specs.js';
export * from './wanted-requests.js';
