export * from './api-error.js';
export {
  apiAddress,
  BulkheadClient,
  createClient,
  type AccessToken,
  type AuditRange,
  type ClientOptions,
} from './bulkhead-client.js';
export * from './paginate.js';
export type { Attempt, RetryPolicy } from './retrying-fetch.js';
export type { WatchOptions } from './watch-operation.js';
export type * from './generated/types.gen.js';
