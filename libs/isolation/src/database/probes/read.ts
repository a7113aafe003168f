import type { Finding } from '@bulkhead/domain/isolation';
import { reporter, type Probe } from './probe.js';

/** Reads as A whatever is not A's: by name, through views and copies, with COPY, with row security asked to be off. */
export const readProbe: Probe = async (scene) => {
  const { attempts, tenants, relations } = scene;
  const { a, b } = tenants;
  const report = reporter(scene, 'read');
  const findings: Finding[] = [];
  const readable = relations.filter(({ kind }) => kind !== 'S');
  for (const { name, hasTenant } of readable) {
    const foreign = hasTenant
      ? await attempts.asServing(a.context, `SELECT 1 FROM ${name} r WHERE r.tenant_id <> $1 LIMIT 1`, [a.id])
      : await attempts.asServing(
          a.context,
          `SELECT 1 FROM ${name} r WHERE r::text LIKE $1 OR r::text LIKE $2 LIMIT 1`,
          [`%${b.id}%`, `%${b.secret}%`],
        );
    if (foreign.ok && foreign.count > 0)
      findings.push(report('row_read', name, 'A SELECT as one tenant showed a row of another.'));
    const off = await attempts.asServingInTurn(a.context, [
      'SET LOCAL row_security = off',
      `SELECT 1 FROM ${name} LIMIT 1`,
    ]);
    if (off.ok && off.count > 0 && hasTenant)
      findings.push(
        report('row_read', name, 'Rows were shown although row security was asked to be off: it does not hold here.'),
      );
  }
  for (const { relation } of scene.filled.tables) {
    const copied = await attempts.asServing(a.context, `COPY (SELECT FROM ${relation.name}) TO STDOUT`);
    if (copied.ok && copied.count > 1)
      findings.push(report('row_read', relation.name, 'COPY TO gave more than the tenant’s one row.'));
    const held = await attempts.asServing(a.context, `SELECT 1 FROM ${relation.name} WHERE tenant_id = $1 FOR UPDATE`, [
      b.id,
    ]);
    if (held.ok && held.count > 0)
      findings.push(report('row_read', relation.name, 'A row of another could be locked.'));
  }
  return { looked: readable.length, findings };
};
