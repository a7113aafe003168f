import 'reflect-metadata';
import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';

/** What is decided about a route. */
export interface RouteRule {
  /** Anyone, without a token; nothing of the rest applies. */
  readonly public?: true;
  /** A tenant's token is needed. */
  readonly tenant?: true;
  /** Modules that the tenant must be entitled to. */
  readonly modules?: readonly string[];
  /** Roles of which the token must have one. */
  readonly roles?: readonly string[];
  readonly rateClass?: string;
}

/** A rule as the running service keeps it with the route. */
export interface DecidedRoute extends RouteRule {
  /** `Controller.method`: the name of the operation in logs and traces. */
  readonly operation: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    tenancy?: DecidedRoute;
  }
}

const RULE = 'bulkhead:tenancy-rule';

function rule(part: RouteRule): MethodDecorator & ClassDecorator {
  return (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor) => {
    const place = descriptor === undefined ? target : (descriptor.value as object);
    const known = (Reflect.getOwnMetadata(RULE, place) ?? {}) as RouteRule;
    Reflect.defineMetadata(RULE, merged(known, part), place);
  };
}

function merged(outer: RouteRule, inner: RouteRule): RouteRule {
  const modules = [...new Set([...(outer.modules ?? []), ...(inner.modules ?? [])])];
  return { ...outer, ...inner, ...(modules.length > 0 && { modules }) };
}

/** Anyone may call it, without a token: health, the OpenAPI document. Nothing in it may touch a tenant's data. */
export const Public = (): MethodDecorator & ClassDecorator => rule({ public: true });

/** Needs a tenant's token, and nothing more. */
export const ForTenant = (): MethodDecorator & ClassDecorator => rule({ tenant: true });

/** Needs a tenant's token, and that the tenant's plan includes this module. Of several, all are needed. */
export const RequireEntitlement = (module: string): MethodDecorator & ClassDecorator =>
  rule({ tenant: true, modules: [module] });

/** Needs a tenant's token with one of these roles. On a method it takes the place of the controller's. */
export const RequireRole = (...roles: readonly [string, ...string[]]): MethodDecorator & ClassDecorator =>
  rule({ tenant: true, roles });

/** Counts each request against the tenant's limit for this class of routes. It decides nothing about who may call. */
export const RateLimited = (rateClass: string): MethodDecorator & ClassDecorator => rule({ rateClass });

/**
 * Puts the decisions of a controller and its method together and keeps them with the route, where they are found before
 * a body is read. The method's word goes before the controller's; what a module requires adds up.
 * @throws Error when nothing says who may call it, or both everybody and only some may.
 */
export function decide(controller: new (...args: never[]) => object, name: string, method: object): DecidedRoute {
  const operation = `${controller.name}.${name}`;
  const outer = (Reflect.getOwnMetadata(RULE, controller) ?? {}) as RouteRule;
  const inner = (Reflect.getOwnMetadata(RULE, method) ?? {}) as RouteRule;
  if (inner.public && inner.tenant) throw new Error(`${operation} is public and for tenants at once`);
  const { public: open, ...rest } = merged(outer, inner);
  const decided =
    inner.public || (open && !inner.tenant) ? { public: true as const, operation } : { ...rest, operation };
  if (!decided.public && !rest.tenant) {
    throw new Error(
      `${operation} does not say who may call it: add @ForTenant, @RequireEntitlement, @RequireRole or @Public`,
    );
  }
  const config = (Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, method) ?? {}) as { tenancy?: DecidedRoute };
  // Two controllers that inherit one method would share what is kept with it.
  if (config.tenancy !== undefined && config.tenancy.operation !== operation)
    throw new Error(`${operation} is the same method as ${config.tenancy.operation}: write it in each controller`);
  RouteConfig({ ...config, tenancy: decided })(method, name, { value: method });
  return decided;
}
