export type { AwsEmulator } from './aws-emulator.js';
export { AWS_ACCOUNT_ID, AWS_REGION } from './aws-emulator.js';
export { auditBucket, BUCKET_PREFIX, policyDocument } from './aws-policies.js';
export type { ControlPostgres } from './control-postgres.js';
export { type Engines, type EnginesOptions, startEngines } from './engines.js';
export { API_AUDIENCE, type IdentityProvider } from './identity-provider.js';
export type { AwsCredentials, DemoUser } from './local-secrets.js';
export type { RdsHost } from './rds-host.js';
export type { RdsInstance } from './rds-instance.js';
export type { ManagedProcess } from './supervisor.js';
export type { TemporalServer } from './temporal-server.js';
export {
  AUDIT_ORIGIN,
  type ControlPlane,
  keepRunning,
  runMigrations,
  startApi,
  startControlPlane,
  startProviders,
  startWorker,
} from './control-plane.js';
export { startWorkloadPlane, type WorkloadPlane } from './workload-plane.js';
export { bookForEach, ClinicVisit } from './clinic-visit.js';
export { type Stack, startStack } from './stack.js';
export {
  ApiClient,
  type BindingView,
  type OperationDetail,
  type OperationView,
  type TenantView,
} from './api-client.js';
export { type Look, lookWithOrdinaryClients } from './ordinary-clients.js';
export { onboardSamples, type OnboardedTenant } from './samples.js';
export { placementOf } from './summary.js';
