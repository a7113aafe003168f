export { awsStandIn, type StandInSettings } from './aws/package.js';
export { bulkheadPackage } from './bulkhead/package.js';
export { awsSettings } from './environment.js';
export { serveProvider, type RunningProvider } from './protocol/server.js';
