import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import { Problems } from './problems.js';

/** Rights inside a tenant, as the roles of a token name them. A service acts with the rights of the person it serves. */
export type ClinicRole = 'clinician' | 'front-desk' | 'billing' | 'practice-admin';

/** Metadata of a route: who may call it. A route without any stops the start. */
export const ACCESS = 'clinic:access';

/** A route for people and services with one of these roles. */
export function Needs(...roles: readonly [ClinicRole, ...ClinicRole[]]): MethodDecorator {
  return applyDecorators(
    SetMetadata(ACCESS, roles),
    ApiBearerAuth('tenant'),
    ApiExtension('x-roles', [...roles]),
    Problems(400, 401, 403, 404, 503),
  );
}

/** Anyone, without a token. */
export function Public(): MethodDecorator {
  return SetMetadata(ACCESS, 'public');
}
