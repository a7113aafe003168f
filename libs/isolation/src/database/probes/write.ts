import type { Finding } from '@bulkhead/domain/isolation';
import { insertStatement, mixedRow, type FilledTable } from '../fill.js';
import { reporter, type Probe, type Scene } from './probe.js';

/** Writes as A what is B's: insert, update, give away, take over, delete, merge, copy in. Names partitions too. */
export const writeProbe: Probe = async (scene) => {
  const findings: Finding[] = [];
  for (const table of scene.filled.tables) findings.push(...(await writeInto(scene, table)));
  const others = scene.relations.filter(({ kind, partition, hasTenant }) => hasTenant && (partition || kind === 'v'));
  const report = reporter(scene, 'write');
  for (const { name } of others) {
    const removed = await scene.attempts.asServing(
      scene.tenants.a.context,
      `DELETE FROM ${name} WHERE tenant_id = $1`,
      [scene.tenants.b.id],
    );
    if (removed.ok && removed.count > 0) findings.push(report('row_written', name, 'DELETE removed a row of another.'));
  }
  return { looked: scene.filled.tables.length + others.length, findings };
};

async function writeInto(scene: Scene, table: FilledTable): Promise<Finding[]> {
  const { attempts, tenants } = scene;
  const { a, b } = tenants;
  const { name } = table.relation;
  const report = reporter(scene, 'write');
  const insert = insertStatement(table, mixedRow(table, 'b', b.id));
  const ways: readonly (readonly [string, string, readonly unknown[]])[] = [
    ['INSERT gave a row to another.', insert.text, insert.values],
    ['UPDATE changed a row of another.', `UPDATE ${name} SET tenant_id = tenant_id WHERE tenant_id = $1`, [b.id]],
    ['UPDATE gave a row away.', `UPDATE ${name} SET tenant_id = $1 WHERE tenant_id = $2`, [b.id, a.id]],
    ['UPDATE took a row over.', `UPDATE ${name} SET tenant_id = $1 WHERE tenant_id = $2`, [a.id, b.id]],
    ['DELETE removed a row of another.', `DELETE FROM ${name} WHERE tenant_id = $1`, [b.id]],
    [
      'MERGE removed a row of another.',
      `MERGE INTO ${name} t USING (VALUES ($1)) v(id) ON t.tenant_id = v.id WHEN MATCHED THEN DELETE`,
      [b.id],
    ],
  ];
  const findings: Finding[] = [];
  for (const [detail, sql, values] of ways) {
    const outcome = await attempts.asServing(a.context, sql, values);
    if (outcome.ok && outcome.count > 0) findings.push(report('row_written', name, detail));
  }
  const copy = await attempts.asServing(a.context, `COPY ${name} FROM STDIN`);
  // The driver sends nothing and ends it, with 57014: by then the server had agreed.
  if (copy.ok || copy.code === '57014') findings.push(report('copied_in', name, 'COPY FROM STDIN began.'));
  return findings;
}
