export * from './aws-time-limits.js';
export * from './errors.js';
export * from './ids.js';
export * from './loopback.js';
export * from './redacted.js';
export * from './wait.js';
