import type { Finding } from '@bulkhead/domain/isolation';
import { reporter, type Probe } from './probe.js';

/** Empties, changes and attaches to the tables of all tenants. Takes locks that stop everybody: on copies only. */
export const destroyProbe: Probe = async (scene) => {
  const report = reporter(scene, 'destroy');
  const { attempts, tenants } = scene;
  const tables = scene.relations.filter(({ kind }) => kind === 'r' || kind === 'p');
  const findings: Finding[] = [];
  for (const { name } of tables) {
    const ways = [
      `TRUNCATE ${name}`,
      `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`,
      `DROP POLICY tenant_floor ON ${name}`,
      `CREATE POLICY bulkhead_probe ON ${name} USING (true)`,
      `ALTER TABLE ${name} DISABLE TRIGGER tenant_fence`,
      `CREATE TRIGGER bulkhead_probe BEFORE UPDATE ON ${name} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
      `ALTER TABLE ${name} ADD COLUMN bulkhead_probe int`,
      `DROP TABLE ${name} CASCADE`,
    ];
    for (const sql of ways) {
      const outcome = await attempts.asServing(tenants.a.context, sql);
      if (outcome.ok) findings.push(report('destructive_allowed', name, `The serving role could do: ${sql}`));
    }
  }
  for (const { relation } of scene.filled.tables) {
    // Without a WHERE no row is read, so policies for SELECT do not bound it.
    const emptied = await attempts.asServing(tenants.a.context, `DELETE FROM ${relation.name}`);
    if (emptied.ok && emptied.count > 1)
      findings.push(report('row_written', relation.name, 'DELETE without WHERE removed rows of others.'));
  }
  return { looked: tables.length, findings };
};
