import base from './jest.config.mjs';

// The long crash matrix: whole stacks whose parts are killed, suspended and restarted on purpose.
export default {
  ...base,
  testMatch: ['**/dist/**/*.faults.test.js'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 900_000,
  maxWorkers: 1,
};
