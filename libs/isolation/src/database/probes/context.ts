import type { Finding } from '@bulkhead/domain/isolation';
import { connected, isContextRefusal, type Outcome } from '../attempts.js';
import { reporter, type Probe, type Scene } from './probe.js';

/** Every relation must refuse every context that is not right, with an error; an empty answer could be believed. */
export const contextProbe: Probe = async (scene) => {
  const { attempts, tenants, relations } = scene;
  const report = reporter(scene, 'context');
  const readable = relations.filter(({ kind, reachable }) => kind !== 'S' && reachable);
  const findings: Finding[] = [];
  for (const { name } of readable) {
    for (const [wrong, context] of Object.entries(tenants.wrong)) {
      const outcome = await attempts.asServing(context, `SELECT 1 FROM ${name} LIMIT 1`);
      if (!isRefused(outcome))
        findings.push(report('context_not_required', name, `A context that is ${wrong} was answered.`));
    }
    const inserted = await attempts.asServing('', `DELETE FROM ${name}`);
    if (inserted.ok) findings.push(report('context_not_required', name, 'A DELETE without context was carried out.'));
  }
  findings.push(...(await unsignedSettings(scene)));
  return { looked: readable.length, findings };
};

/** Refused for the context, or because there is no right at all. */
function isRefused(outcome: Outcome): boolean {
  return isContextRefusal(outcome) || (!outcome.ok && ['42501', '55000', '42809'].includes(outcome.code));
}

/** Policies that read a setting of their own: naming B in it must not make A see B. */
async function unsignedSettings(scene: Scene): Promise<Finding[]> {
  const { attempts, tenants } = scene;
  const { rows } = await attempts.client.query<{ name: string; setting: string }>(
    `SELECT DISTINCT p.polrelid::regclass::text AS name, m[1] AS setting FROM pg_policy p,
       regexp_matches(coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''),
                      'current_setting\\(''([A-Za-z_]+[.][A-Za-z_.]+)''', 'g') m`,
  );
  const findings: Finding[] = [];
  for (const { name, setting } of rows) {
    const outcome = await attempts.asServing(
      tenants.a.context,
      `WITH chosen AS MATERIALIZED (SELECT set_config($1, $2, true) AS said) SELECT 1 FROM chosen WHERE said IS NOT NULL`,
      [setting, tenants.b.id],
    );
    if (!outcome.ok) continue;
    const read = await attempts.asServingInTurn(tenants.a.context, [
      `SET LOCAL ${setting} = '${tenants.b.id}'`,
      `SELECT 1 FROM ${name} WHERE tenant_id = '${tenants.b.id}' LIMIT 1`,
    ]);
    const shown = read.ok && read.count > 0;
    if (shown)
      findings.push(reporter(scene, 'context')('context_unsigned', name, `Setting ${setting} chooses the tenant.`));
  }
  return findings;
}

/**
 * The states in which a pool hands out a session: new, emptied, after a commit, after a failure. Tried on the services'
 * own login, which starts with its own settings.
 */
export const poolerProbe: Probe = async (scene) => {
  const { target, attempts, tenants, relations } = scene;
  if (!target.serving) return { looked: 0, findings: [] };
  const report = reporter(scene, 'pooler');
  const findings: Finding[] = [];
  const names = relations.filter(({ kind, reachable }) => kind !== 'S' && reachable).map(({ name }) => name);
  const setContext = `SELECT set_config('bulkhead.context', '${tenants.a.context}', true)`;
  const states: Readonly<Record<string, readonly string[]>> = {
    unset: [],
    empty: [`SELECT set_config('bulkhead.context', '', false)`],
    committed: ['BEGIN', setContext, 'COMMIT'],
    failed: ['BEGIN', setContext, 'SELECT 1 / 0', 'ROLLBACK'],
  };
  for (const [state, before] of Object.entries(states)) {
    await connected(target.serving, async (client) => {
      await client.query(`SET statement_timeout = '15s'; SET lock_timeout = '2s'`);
      for (const [name, value] of Object.entries(target.profile.settings))
        await client.query('SELECT set_config($1, $2, false)', [name, value]);
      for (const statement of before) await client.query(statement).catch(() => undefined);
      const { rows } = await client.query<{ left: string | null }>(
        `SELECT current_setting('bulkhead.context', true) AS left`,
      );
      if (rows[0]?.left)
        findings.push(
          report('context_left_behind', target.servingRole, `In state ${state} the session has a context.`),
        );
      for (const name of names) {
        const read = `SELECT 1 FROM ${name} LIMIT 1`;
        const answered = await client.query(read).then(
          () => true,
          (error: unknown) => attempts.failed(error, read).ok,
        );
        if (answered) findings.push(report('context_not_required', name, `A session in state ${state} was answered.`));
      }
    });
  }
  return { looked: names.length * Object.keys(states).length, findings };
};
