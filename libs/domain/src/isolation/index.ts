export * from './rules.js';
export * from './report.js';
export * from './sarif.js';
export * from './signed-proof.js';
