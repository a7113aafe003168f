import { inspect } from 'node:util';

const MASK = '[redacted]';

/**
 * Holds a secret so that it cannot leak by accident: printing, string joining, `util.inspect` and `JSON.stringify`
 * all show a mask. Only {@link Redacted.reveal} gives the value, so every use of it can be found by name.
 */
export class Redacted<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
