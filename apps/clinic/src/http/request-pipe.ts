import type { FieldError } from '@bulkhead/kernel';
import { ValidationPipe, type ArgumentMetadata, type PipeTransform, type ValidationError } from '@nestjs/common';
import { invalidRequest } from './problems.js';

/**
 * Turns a body or a query into its class, or refuses it naming every problem by JSON pointer. Values are never repeated
 * in an answer: they are PHI.
 */
export class RequestPipe implements PipeTransform {
  readonly #pipes = { body: validator(''), query: validator('/query') };

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (metadata.type === 'param') return isIdLike(value) ? value : 'none';
    if (metadata.type !== 'body' && metadata.type !== 'query') return value;
    const given = value ?? {};
    if (typeof given !== 'object' || Array.isArray(given))
      throw invalidRequest([{ pointer: '', message: 'The body must be a JSON object.' }]);
    const unstorable = Object.entries(given).filter(([, text]) => typeof text === 'string' && !isStorable(text));
    if (unstorable.length > 0) {
      const message = 'The text holds characters that cannot be stored.';
      throw invalidRequest(unstorable.map(([name]) => ({ pointer: `/${segment(name)}`, message })));
    }
    return this.#pipes[metadata.type].transform(given, metadata);
  }
}

function validator(prefix: string): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: false,
    exceptionFactory: (errors) => invalidRequest(fieldErrors(errors, prefix)),
  });
}

function fieldErrors(errors: readonly ValidationError[], prefix: string): FieldError[] {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const pointer = `${prefix}/${segment(property)}`;
    const own = Object.entries(constraints).map(([rule, message]) => ({
      pointer,
      message: rule === 'whitelistValidation' ? 'Unknown field.' : `${message}.`,
    }));
    return [...own, ...fieldErrors(children, pointer)];
  });
}

/** What does not look like an id names nothing, and gets the same 404 as an id that names nothing. */
function isIdLike(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z0-9_]{1,64}$/.test(value);
}

/** Postgres stores neither NUL nor halves of surrogate pairs. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** A name that does not look like a field's may be data in the wrong place: it is not repeated. */
function segment(key: string): string {
  return /^[\w.-]{1,64}$/.test(key) ? key : '(unnamed)';
}
