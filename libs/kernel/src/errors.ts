/** One problem inside a request, addressed by a JSON pointer (RFC 6901). */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

export interface BulkheadErrorOptions {
  /** Stable snake_case code that clients may branch on. */
  readonly code: string;
  /** HTTP status that fits the error. */
  readonly status: number;
  /** Sentence that may be shown to anyone: no secrets, no PHI, no stack. */
  readonly publicMessage: string;
  /** Sentence that says what to do next. */
  readonly remediation: string;
  /** Whether the same call may succeed later without being changed. Defaults to false. */
  readonly retryable?: boolean;
  readonly errors?: readonly FieldError[];
  readonly cause?: unknown;
}

/**
 * The one error type that crosses a boundary on purpose. The API renders it as RFC 9457, the worker maps it to a
 * Temporal failure. Anything else that is thrown is a bug and reaches the outside as `internal` without its text.
 */
export class BulkheadError extends Error {
  readonly code: string;
  readonly status: number;
  readonly publicMessage: string;
  readonly remediation: string;
  readonly retryable: boolean;
  readonly errors: readonly FieldError[];

  constructor(options: BulkheadErrorOptions) {
    super(options.publicMessage, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BulkheadError';
    this.code = options.code;
    this.status = options.status;
    this.publicMessage = options.publicMessage;
    this.remediation = options.remediation;
    this.retryable = options.retryable ?? false;
    this.errors = options.errors ?? [];
  }
}
