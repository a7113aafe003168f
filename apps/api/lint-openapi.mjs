// Redocly's linter on an OpenAPI document. A script of its own: the linter does not load inside Jest.
import { createConfig, lint } from '@redocly/openapi-core';

const config = await createConfig({
  extends: ['recommended-strict'],
  rules: {
    'operation-operationId': 'error',
    'operation-operationId-url-safe': 'error',
    'no-path-trailing-slash': 'error',
    'paths-kebab-case': 'error',
    'no-http-verbs-in-paths': 'error',
    'path-parameters-defined': 'error',
    // Liveness, readiness and public keys refuse nobody.
    'operation-4xx-response': 'off',
  },
});
const problems = await lint({ ref: process.argv[2], config });
for (const { ruleId, message, location } of problems)
  process.stdout.write(`${ruleId}: ${message} ${location[0]?.pointer ?? ''}\n`);
process.stdout.write(`${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
