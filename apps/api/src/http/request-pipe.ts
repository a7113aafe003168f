import { BulkheadError, type FieldError } from '@bulkhead/kernel';
import { ValidationPipe, type ArgumentMetadata, type PipeTransform, type ValidationError } from '@nestjs/common';
import { forbiddenKey } from './public-error.js';

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
/** Nothing that the API takes is nested deeper; more is an attempt to exhaust whoever walks through it. */
const DEEPEST = 8;

/**
 * Turns a body or a query into its class, or refuses it naming every problem by JSON pointer. Values are never
 * repeated in an answer. Nothing is converted that the class does not convert itself.
 */
export class RequestPipe implements PipeTransform {
  readonly #pipes = { body: validator(''), query: validator('/query') };

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (metadata.type !== 'body' && metadata.type !== 'query') return value;
    const given = value ?? {};
    if (typeof given !== 'object' || Array.isArray(given)) {
      throw invalid([{ pointer: '', message: 'The body must be a JSON object.' }]);
    }
    inspect(given, metadata.type === 'body' ? '' : '/query', 1);
    return this.#pipes[metadata.type].transform(given, metadata);
  }
}

function validator(prefix: string): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    exceptionFactory: (errors) => invalid(fieldErrors(errors, prefix)),
  });
}

/** Refuses what no field may hold: keys that reach a prototype, endless depth, text that Postgres cannot store. */
function inspect(value: unknown, pointer: string, depth: number): void {
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
    throw invalid([{ pointer, message: 'The text holds characters that cannot be stored.' }]);
  }
  if (value === null || typeof value !== 'object') return;
  if (depth > DEEPEST) throw invalid([{ pointer: '', message: `Nothing may be nested deeper than ${DEEPEST}.` }]);
  for (const [key, member] of Object.entries(value)) {
    const place = `${pointer}/${segment(key)}`;
    if (FORBIDDEN.has(key)) throw forbiddenKey(place);
    inspect(member, place, depth + 1);
  }
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

/** RFC 6901. A name that does not look like a field's may be data in the wrong place, so it is not repeated. */
function segment(key: string): string {
  if (!/^[\w.-]{1,64}$/.test(key)) return '(unnamed)';
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function invalid(errors: readonly FieldError[]): BulkheadError {
  return new BulkheadError({
    code: 'invalid_request',
    status: 400,
    publicMessage: `${errors.length} problem${errors.length === 1 ? '' : 's'} in the request: ${errors.map(({ pointer, message }) => `${pointer || '(body)'} ${message}`).join(' ')}`,
    remediation: 'Mend the fields named in errors[]; /v1/openapi.json describes them.',
    errors,
  });
}
