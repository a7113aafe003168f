export * from './plane-contract.js';
