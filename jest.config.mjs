// Tests run as compiled JavaScript: one compiler (tsc) decides what the decorators' metadata looks like,
// in production and under test alike.
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/libs', '<rootDir>/infra', '<rootDir>/workflows', '<rootDir>/apps', '<rootDir>/test'],
  testMatch: ['**/dist/**/*.test.js'],
  testPathIgnorePatterns: ['/node_modules/', '\\.faults\\.test\\.js$', '\\.e2e\\.test\\.js$'],
  transform: {},
  setupFiles: ['<rootDir>/test/setup/decorators.mjs'],
  testTimeout: 60_000,
  maxWorkers: 2,
};
