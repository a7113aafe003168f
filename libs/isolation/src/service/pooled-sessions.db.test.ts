import { randomBytes } from 'node:crypto';
import { contextKeyPads, signContext, type ContextKey } from '@bulkhead/domain/context';
import { findingsOf, type ProofReport } from '@bulkhead/domain/isolation';
import { Redacted } from '@bulkhead/kernel';
import pg from 'pg';
import type { DatabaseTarget } from '../database/target.js';
import { prove } from '../prove.js';
import { startProofPlane, type ProofPlane } from '../testing/index.js';

let plane: ProofPlane;
beforeAll(async () => {
  plane = await startProofPlane();
});
afterAll(() => plane?.stop());

const TENANTS = { a: 'ten_one', b: 'ten_two' } as const;
const key: ContextKey = { id: 'pool', secret: new Redacted<Uint8Array>(randomBytes(32)) };
const expiresAt = Math.floor(Date.now() / 1000) + 600;
const contextOf = (who: 'a' | 'b'): string =>
  signContext(key, { tenantId: TENANTS[who], home: 'cel_1', epoch: 1, expiresAt });

/** A service with two connections for everybody, which sets the context for the transaction, or for the session. */
async function proofOfService(target: DatabaseTarget, scope: 'transaction' | 'session'): Promise<ProofReport> {
  const { inner, outer } = contextKeyPads(key);
  const pads = [inner, outer].map((pad) => `'\\x${pad.toString('hex')}'`);
  await plane.query(target, `SELECT bulkhead.set_context_key('${key.id}', ${pads.join(', ')})`);
  const pool = new pg.Pool({ ...target.serving, max: 2 });
  pool.on('error', () => undefined);
  const whoAmI = async (who: 'a' | 'b' | undefined) => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const local = scope === 'transaction';
      if (who) await client.query(`SELECT set_config('bulkhead.context', $1, $2)`, [contextOf(who), local]);
      const { rows } = await client.query<{ tenant: string }>('SELECT DISTINCT tenant_id AS tenant FROM app.patient');
      await client.query('COMMIT');
      return { tenant: rows.map(({ tenant }) => tenant).join(' and ') };
    } catch {
      await client.query('ROLLBACK');
      return { tenant: undefined };
    } finally {
      client.release();
    }
  };
  const report = await prove([{ kind: 'service', name: 'pool', tenants: TENANTS, whoAmI }], { mode: 'live' });
  await pool.end();
  return report;
}

it('contexts that end with their transaction are green over two connections', async () => {
  expect(await plane.onCopy({}, (target) => proofOfService(target, 'transaction'))).toMatchObject({ verdict: 'green' });
});

it('the proof names a context that the pool keeps for the next request', async () => {
  const report = await plane.onCopy({}, (target) => proofOfService(target, 'session'));
  expect(findingsOf(report)).toContainEqual(
    expect.objectContaining({ rule: 'context_cached', shown: 'probe:service' }),
  );
});
