import { BulkheadError } from '@bulkhead/kernel';

/** What a log line may say about an error. */
export interface ErrorFacts {
  readonly name: string;
  readonly code?: string;
  /** Only of a {@link BulkheadError}, whose message is made for the public. */
  readonly message?: string;
  /** Frames only, and only of a bug. */
  readonly stack?: readonly string[];
  readonly cause?: ErrorFacts;
}

const DEPTH = 4;
const FRAME = /^\s+at (.*\(?(?:file:|node:|\/).*:\d+:\d+\)?|.*<anonymous>\)?)$/;

/**
 * Reduces anything thrown to what may be kept. The message of a foreign error is left out: drivers and parsers quote
 * their input in it, and the input may be a secret or PHI.
 */
export function errorFacts(error: unknown, depth = DEPTH): ErrorFacts {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = (error as { code?: unknown }).code;
  const own = error instanceof BulkheadError;
  return {
    name: own ? 'BulkheadError' : error.constructor.name,
    ...((typeof code === 'string' && /^[\w.-]{1,64}$/.test(code)) || typeof code === 'number'
      ? { code: String(code) }
      : {}),
    ...(own ? { message: error.publicMessage } : { stack: frames(error) }),
    ...(error.cause !== undefined && depth > 1 ? { cause: errorFacts(error.cause, depth - 1) } : {}),
  };
}

function frames(error: Error): string[] {
  const stack = error.stack ?? '';
  // The message comes first in a stack and may itself hold lines that look like frames.
  const place = error.message === '' ? -1 : stack.indexOf(error.message);
  const rest = place === -1 ? stack : stack.slice(place + error.message.length);
  return rest
    .split('\n')
    .filter((line) => FRAME.test(line))
    .slice(0, 12)
    .map((line) => line.trim());
}
