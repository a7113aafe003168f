import { backupCases, databaseCases, identityCases, watchCases } from './managed-cases.js';
import { bucketCases, keyCases, queueCases } from './storage-cases.js';

export type { Setup } from './resource-case.js';

/** One case for each type that the stand-in serves. */
export const resourceCases = [
  ...keyCases,
  ...bucketCases,
  ...queueCases,
  ...databaseCases,
  ...identityCases,
  ...watchCases,
  ...backupCases,
];
