export * from './approvals.js';
export * from './change-csv.js';
export * from './change-states.js';
export * from './make-quote.js';
export * from './quote.js';
