import { BulkheadError } from '@bulkhead/kernel';
import { z } from 'zod';
import { readConfig } from './config.js';
import { readiness } from './health.js';

const schema = z.object({
  BULKHEAD_DATABASE_URL: z.url(),
  BULKHEAD_API_PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  BULKHEAD_LOG_LEVEL: z.enum(['info', 'debug']).default('info'),
});

function refusalOf(attempt: () => unknown): BulkheadError {
  try {
    attempt();
  } catch (error) {
    return error as BulkheadError;
  }
  throw new Error('It was not refused');
}

describe('readConfig', () => {
  it('reads, converts and fills in defaults, taking an empty variable for an absent one', () => {
    expect(
      readConfig(schema, {
        BULKHEAD_DATABASE_URL: 'postgres://localhost/x',
        BULKHEAD_API_PORT: '',
        BULKHEAD_LOG_LEVEL: 'debug',
      }),
    ).toEqual({
      BULKHEAD_DATABASE_URL: 'postgres://localhost/x',
      BULKHEAD_API_PORT: 8080,
      BULKHEAD_LOG_LEVEL: 'debug',
    });
  });

  it('names every bad variable at once and never a value', () => {
    const env = { BULKHEAD_API_PORT: '99999', BULKHEAD_LOG_LEVEL: 'hunter2-loud' };
    const { publicMessage, errors } = refusalOf(() => readConfig(schema, env));
    expect(errors.map(({ pointer }) => pointer)).toEqual([
      '/BULKHEAD_DATABASE_URL',
      '/BULKHEAD_API_PORT',
      '/BULKHEAD_LOG_LEVEL',
    ]);
    expect(publicMessage).toContain('BULKHEAD_DATABASE_URL is missing');
    expect(publicMessage).toContain('BULKHEAD_LOG_LEVEL must be one of info, debug');
    expect(JSON.stringify({ publicMessage, errors })).not.toMatch(/hunter2|99999/);
  });
});

describe('readiness', () => {
  it('is ready when every part answers', async () => {
    expect(await readiness({ database: async () => {} })).toEqual({ ready: true, checks: { database: 'up' } });
  });

  it('counts a part that throws or stays silent as down and says which', async () => {
    const down: string[] = [];
    const silent = (): Promise<never> => new Promise(() => {});
    const result = await readiness(
      { a: async () => {}, b: async () => Promise.reject(new Error('x')), c: silent },
      { timeoutMs: 20, onDown: (part) => down.push(part) },
    );
    expect(result).toEqual({ ready: false, checks: { a: 'up', b: 'down', c: 'down' } });
    expect(down).toEqual(['b', 'c']);
  });
});
