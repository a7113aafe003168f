import { BulkheadError } from '@bulkhead/kernel';
import type { z } from 'zod';

/**
 * Reads the environment once, at start. Variables that are set to nothing count as absent.
 * @throws BulkheadError `invalid_configuration` (500) that lists every problem at once by the variable's name. Values
 * are never shown: one of them may be a password.
 */
export function readConfig<S extends z.ZodType>(schema: S, env: NodeJS.ProcessEnv = process.env): z.output<S> {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const read = schema.safeParse(present);
  if (read.success) return read.data;
  const problems = read.error.issues.map((issue) => ({
    name: issue.path.join('.') || '(environment)',
    message: complaint(issue, present),
  }));
  throw new BulkheadError({
    code: 'invalid_configuration',
    status: 500,
    publicMessage: `The configuration cannot be used: ${problems.map(({ name, message }) => `${name} ${message}`).join('; ')}.`,
    remediation: `Set ${problems.map(({ name }) => name).join(', ')} and start again.`,
    errors: problems.map(({ name, message }) => ({ pointer: `/${name}`, message })),
  });
}

/** A message of our own: those of zod may quote what was given. */
function complaint(issue: z.core.$ZodIssue, env: NodeJS.ProcessEnv): string {
  const name = String(issue.path[0] ?? '');
  if (env[name] === undefined) return 'is missing';
  switch (issue.code) {
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'invalid_format':
      return `must be a valid ${issue.format}`;
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'invalid_type':
      return `must be a valid ${issue.expected}`;
    case 'custom':
      return issue.message;
    default:
      return 'is not valid';
  }
}
