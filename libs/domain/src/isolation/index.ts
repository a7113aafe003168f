export * from './rules.js';
export * from './report.js';
export * from './sarif.js';
