// Generates src/generated from openapi.json; `npm run openapi` renews both.
export default {
  input: 'openapi.json',
  output: { path: 'src/generated', module: { extension: '.js' } },
  parser: {
    // Their answers are no JSON documents, or one also when it is refused: src/bulkhead-client.ts reads them.
    filters: {
      operations: {
        exclude: ['GET /v1/operations/{id}/events', 'GET /v1/audit/export', 'GET /v1/health/ready'],
      },
      orphans: true,
    },
    patch: {
      // The client fills it in, so callers need not.
      operations: (_method, _path, operation) => {
        for (const parameter of operation.parameters ?? []) {
          if (parameter.name === 'Idempotency-Key') parameter.required = false;
        }
      },
    },
  },
  plugins: [
    { name: '@hey-api/client-fetch', throwOnError: true },
    { name: '@hey-api/typescript' },
    {
      name: '@hey-api/sdk',
      auth: false,
      operations: { strategy: 'single', containerName: 'GeneratedApi' },
      responseStyle: 'data',
    },
  ],
};
