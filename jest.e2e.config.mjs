import base from './jest.config.mjs';

// Each file has the whole stack to itself.
export default {
  ...base,
  testMatch: ['**/dist/**/*.e2e.test.js'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
  maxWorkers: 1,
};
