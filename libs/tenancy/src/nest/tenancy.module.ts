import { Inject, Module, type DynamicModule, type NestModule } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { APP_FILTER, DiscoveryModule, DiscoveryService, HttpAdapterHost, MetadataScanner } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { guardEntrance, type EntranceOptions } from './entrance.js';
import { ProblemFilter, type ProblemListener } from './problems.js';
import { decide, type DecidedRoute } from './route-rules.js';

export interface TenancyModuleOptions extends EntranceOptions {
  /** Told of every refusal and fault, for the log. */
  readonly onProblem?: ProblemListener;
}

const OPTIONS = Symbol('tenancy options');

/**
 * Guards every route of a Nest application on Fastify. Import it once, at the root. What the options hold stays the
 * caller's: it opens and closes it.
 */
@Module({})
export class TenancyModule implements NestModule {
  constructor(
    @Inject(OPTIONS) private readonly options: TenancyModuleOptions,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(MetadataScanner) private readonly scanner: MetadataScanner,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  static forRoot(options: TenancyModuleOptions): DynamicModule {
    return {
      module: TenancyModule,
      imports: [DiscoveryModule],
      providers: [
        { provide: OPTIONS, useValue: options },
        { provide: APP_FILTER, useFactory: () => new ProblemFilter(options.onProblem) },
      ],
    };
  }

  /**
   * Called after every controller is known and before Nest makes routes of them.
   * @throws Error when a route does not say who may call it, or needs what the options lack.
   */
  configure(): void {
    for (const route of this.#decidedRoutes()) this.#requireMeans(route);
    guardEntrance(this.host.httpAdapter.getInstance<FastifyInstance>(), this.options);
  }

  #decidedRoutes(): DecidedRoute[] {
    return this.discovery.getControllers().flatMap(({ metatype }) => {
      const controller = metatype as (new (...args: never[]) => object) | null;
      if (controller === null) return [];
      const prototype = controller.prototype as Record<string, object>;
      return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
        const method = prototype[name];
        return method !== undefined && Reflect.hasMetadata(PATH_METADATA, method)
          ? [decide(controller, name, method)]
          : [];
      });
    });
  }

  #requireMeans({ operation, modules, rateClass }: DecidedRoute): void {
    const { entitlements, limits } = this.options;
    if (modules && !entitlements)
      throw new Error(`${operation} requires an entitlement, and there are no entitlements`);
    if (rateClass !== undefined && !limits?.has(rateClass))
      throw new Error(`${operation} is limited by ${rateClass}, and there is no such rate class`);
  }
}
