import { applyDecorators } from '@nestjs/common';
import type { Command } from '@nestjs/cqrs';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiExtension, ApiHeader, ApiSecurity } from '@nestjs/swagger';
import { policyOfClass, type Role } from '../gate/index.js';
import { Problems } from './problem.js';

/**
 * Who may call a route. It is part of the route's configuration, so that it is enforced before a body is read, and so
 * that the API can refuse to start with a route that lacks it.
 */
export interface RouteAccess {
  /** `public`, or the roles of which one is needed. */
  readonly roles: 'public' | readonly Role[];
  /** Name of the command that the route sends; refusals are audited under it. */
  readonly action?: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
}

/** Every role of a person or a program outside: may look at tenants, the catalogue and operations. */
export const READERS = ['platform-admin', 'sales-ops', 'approver', 'auditor', 'ci'] as const satisfies Role[];

/** Anyone, without a token. */
export function Public() {
  return applyDecorators(RouteConfig({ access: { roles: 'public' } satisfies RouteAccess }));
}

/** A route that only reads, for these roles. */
export function Allow(...roles: readonly [Role, ...Role[]]) {
  return applyDecorators(
    RouteConfig({ access: { roles } satisfies RouteAccess }),
    ...authenticated(roles),
    Problems(400, 401, 403, 404, 429, 503),
  );
}

/**
 * A POST that sends this command through the gate: the command's policy says who may.
 * @throws Error when the command is not gated.
 */
export function Sends(command: new (...args: never[]) => Command<unknown>) {
  return applyDecorators(
    ...sending(command),
    ApiHeader({
      name: 'Idempotency-Key',
      required: true,
      description: 'Chosen by the caller, for example a UUID. The same key with the same body gets the same answer.',
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
    }),
    Problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
  );
}

/** A DELETE that sends this command: idempotent by nature, so it needs no key. */
export function Deletes(command: new (...args: never[]) => Command<unknown>) {
  return applyDecorators(...sending(command), Problems(400, 401, 403, 404, 409, 429, 503));
}

function sending(command: new (...args: never[]) => Command<unknown>): MethodDecorator[] {
  const policy = policyOfClass(command);
  if (!policy) throw new Error(`${command.name} is not gated: no route may send it`);
  const access: RouteAccess = { roles: policy.roles.filter((role) => role !== 'workload'), action: policy.name };
  return [RouteConfig({ access }), ...authenticated(access.roles as readonly Role[])];
}

function authenticated(roles: readonly Role[]): MethodDecorator[] {
  return [ApiBearerAuth('oidc'), ApiSecurity('apiKey'), ApiExtension('x-roles', [...roles])];
}
