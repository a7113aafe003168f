import type { FieldError } from '@bulkhead/kernel';
import { ValidationPipe, type ArgumentMetadata, type PipeTransform, type ValidationError } from '@nestjs/common';
import { invalidRequest, pointerSegment } from './invalid-request.js';

/**
 * Turns a body or a query into its class, or refuses it naming every problem by JSON pointer. Values are never
 * repeated in an answer. Nothing is converted that the class does not convert itself.
 */
export class RequestPipe implements PipeTransform {
  readonly #pipes = { body: validator(''), query: validator('/query') };

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (metadata.type !== 'body' && metadata.type !== 'query') return value;
    const given = value ?? {};
    if (typeof given === 'object' && !Array.isArray(given))
      return this.#pipes[metadata.type].transform(given, metadata);
    throw invalidRequest([{ pointer: '', message: 'The body must be a JSON object.' }]);
  }
}

function validator(prefix: string): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    // A class without fields is one that takes none; `forbidNonWhitelisted` then refuses each field by name.
    forbidUnknownValues: false,
    exceptionFactory: (errors) => invalidRequest(fieldErrors(errors, prefix)),
  });
}

function fieldErrors(errors: readonly ValidationError[], prefix: string): FieldError[] {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const pointer = `${prefix}/${pointerSegment(property)}`;
    const own = Object.entries(constraints).map(([rule, message]) => ({
      pointer,
      message: rule === 'whitelistValidation' ? 'Unknown field.' : `${message}.`,
    }));
    return [...own, ...fieldErrors(children, pointer)];
  });
}
