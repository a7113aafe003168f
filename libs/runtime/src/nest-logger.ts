import type { LoggerService } from '@nestjs/common';
import type { LineLevel, Logger } from './logger.js';

/**
 * Lets NestJS speak through our logger. Its own sentences (modules, routes, start and stop) pass; what it was given
 * besides the context is dropped, and an error is reduced like any other.
 */
export function nestLogger(logger: Logger): LoggerService {
  const speak =
    (level: LineLevel) =>
    (message: unknown, ...rest: unknown[]): void => {
      const last = rest.at(-1);
      const context = typeof last === 'string' && /^[\w.-]{1,64}$/.test(last) ? { context: last } : {};
      if (message instanceof Error) logger[level]('An error reached the framework.', { ...context, error: message });
      else logger[level](typeof message === 'string' ? message : 'The framework logged an object.', context);
    };
  return {
    log: speak('debug'),
    error: speak('error'),
    warn: speak('warn'),
    debug: speak('trace'),
    verbose: speak('trace'),
    fatal: speak('fatal'),
  };
}
