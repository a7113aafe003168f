export * from './fake-workers.js';
export * from './sample-calls.js';
export * from './temporal.js';
