export type { EntranceOptions } from './entrance.js';
export { ProblemFilter, type Problem, type ProblemListener } from './problems.js';
export {
  ForTenant,
  Public,
  RateLimited,
  RequireEntitlement,
  RequireRole,
  type DecidedRoute,
  type RouteRule,
} from './route-rules.js';
export { TenancyModule, type TenancyModuleOptions } from './tenancy.module.js';
