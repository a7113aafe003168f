export * from './finding.js';
export * from './remedies.js';
