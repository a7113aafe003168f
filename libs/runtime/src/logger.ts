import { Redacted } from '@bulkhead/kernel';
import { pino, type DestinationStream } from 'pino';
import { errorFacts } from './error-facts.js';

/**
 * Everything that a log line may carry. Logging is by allow-list: a field that is not named here is dropped, so that
 * a body, a header or a row that somebody passes by mistake cannot carry PHI or a secret out.
 */
export interface LogFields {
  readonly requestId?: string;
  /** `user:…`, `api_key:…`, `workload:…`. */
  readonly principal?: string;
  readonly method?: string;
  /** The route's template, such as `/v1/tenants/:id`; never the address, which holds what callers type. */
  readonly route?: string;
  readonly status?: number;
  readonly durationMs?: number;
  readonly code?: string;
  readonly action?: string;
  readonly tenantId?: string;
  /** Epoch of the tenant's database placement. */
  readonly epoch?: number;
  /** Name of the operation in the code, such as `Patients.create`. */
  readonly operation?: string;
  /** Id of the token that the work is done with; never the token. */
  readonly tokenId?: string;
  readonly operationId?: string;
  readonly bindingId?: string;
  readonly cellId?: string;
  readonly stack?: string;
  readonly workflowId?: string;
  readonly activity?: string;
  readonly step?: string;
  readonly attempt?: number;
  readonly queue?: string;
  readonly state?: string;
  readonly count?: number;
  readonly host?: string;
  readonly port?: number;
  readonly version?: string;
  readonly context?: string;
  /** Reduced to name, code and public message; frames only for bugs. */
  readonly error?: unknown;
}

const ALLOWED: Readonly<Record<keyof LogFields, true>> = {
  requestId: true,
  principal: true,
  method: true,
  route: true,
  status: true,
  durationMs: true,
  code: true,
  action: true,
  tenantId: true,
  epoch: true,
  operation: true,
  tokenId: true,
  operationId: true,
  bindingId: true,
  cellId: true,
  stack: true,
  workflowId: true,
  activity: true,
  step: true,
  attempt: true,
  queue: true,
  state: true,
  count: true,
  host: true,
  port: true,
  version: true,
  context: true,
  error: true,
};

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LineLevel = Exclude<LogLevel, 'silent'>;

/** One line: a sentence written in the code, and fields. Never build the sentence from values. */
export type LogLine = (sentence: string, fields?: LogFields) => void;
export type Logger = Readonly<Record<LineLevel, LogLine>>;

/**
 * JSON lines on standard output (or `destination`).
 * @param options.name which process speaks, such as `api`.
 * @param options.bind fields of the work that is being done, asked for every line; `workFields` of @bulkhead/tenancy. They
 * pass the same list, and what a line says itself goes before them.
 */
export function createLogger(
  options: { readonly name: string; readonly level?: LogLevel; readonly bind?: () => LogFields },
  destination?: DestinationStream,
): Logger {
  const lines = pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      base: { name: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
  const line =
    (level: LineLevel): LogLine =>
    (sentence, fields) =>
      lines[level](allowed({ ...options.bind?.(), ...fields }), '%s', sentence);
  return {
    fatal: line('fatal'),
    error: line('error'),
    warn: line('warn'),
    info: line('info'),
    debug: line('debug'),
    trace: line('trace'),
  };
}

function allowed(fields: object): Record<string, unknown> {
  const kept = Object.entries(fields).filter(([name, value]) => Object.hasOwn(ALLOWED, name) && value !== undefined);
  return Object.fromEntries(kept.map(([name, value]) => [name, name === 'error' ? errorFacts(value) : scalar(value)]));
}

/** Objects are not looked into: what they hold was not allowed by name. */
function scalar(value: unknown): unknown {
  if (value instanceof Redacted) return String(value);
  if (typeof value === 'string') return value.length > 300 ? `${value.slice(0, 300)}…` : value;
  return typeof value === 'number' || typeof value === 'boolean' || value === null ? value : '[dropped]';
}
