import { RateLimited, RequireEntitlement, RequireRole } from '@bulkhead/tenancy/nest';
import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import { Problems } from './problems.js';

/** Rights inside a tenant, as the roles of a token name them. A service acts with the rights of the person it serves. */
export type ClinicRole = 'clinician' | 'front-desk' | 'billing' | 'practice-admin';

/** Modules of the plans that routes of the clinic belong to. */
export type ClinicModuleName = 'scheduling' | 'charting' | 'claims';

/** Every route that is not public counts against this class. */
export const RATE_CLASS = 'api';

/** A route for people and services with one of these roles. */
export function Needs(...roles: readonly [ClinicRole, ...ClinicRole[]]): MethodDecorator {
  return applyDecorators(
    RequireRole(...roles),
    RateLimited(RATE_CLASS),
    ApiBearerAuth('tenant'),
    ApiExtension('x-roles', [...roles]),
    Problems(400, 401, 403, 404, 429, 503),
  );
}

/** Routes for tenants whose plan includes the module. */
export function PartOf(module: ClinicModuleName): ClassDecorator {
  return applyDecorators(RequireEntitlement(module), ApiExtension('x-module', module));
}
