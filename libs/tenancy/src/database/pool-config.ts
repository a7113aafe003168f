import type pg from 'pg';

/** How long anybody waits for a connection before being told, milliseconds. */
export const CONNECTION_TIMEOUT_MS = 10_000;

/** How long a statement may run, milliseconds: one that was injected must not hold its connection for long. */
const STATEMENT_TIMEOUT_MS = 30_000;

/**
 * What a session starts with, whatever is stored for its role or database: any role may store settings for itself
 * (`ALTER ROLE CURRENT_USER SET`), and settings of the start outrank those. No reset goes behind them.
 */
const SESSION_START = [
  'role=none',
  'row_security=on',
  'search_path="$user",\\ public',
  'default_transaction_read_only=off',
  'default_transaction_isolation=read\\ committed',
  'standard_conforming_strings=on',
];

/** How each pool of the library opens connections; what the service's own configuration says goes before. */
export function poolConfig(config: pg.ClientConfig, max: number): pg.PoolConfig {
  const options = [...SESSION_START.map((setting) => `-c ${setting}`), config.options ?? ''].join(' ').trim();
  const limits = { connectionTimeoutMillis: CONNECTION_TIMEOUT_MS, statement_timeout: STATEMENT_TIMEOUT_MS };
  return { ...limits, ...config, options, max };
}
