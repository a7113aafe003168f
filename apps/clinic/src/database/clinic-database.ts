import { createHash, createHmac } from 'node:crypto';
import { BulkheadError } from '@bulkhead/kernel';
import { currentTenant, type TenantContext, type TenantDatabases, type TenantTransaction } from '@bulkhead/tenancy';
import { explained, isWorthRepeating } from './refusals.js';

const TRIES = 3;

/** A request that makes something: the caller's key, and what it asked for. */
export interface Request {
  readonly idempotencyKey: string;
  readonly body: object;
}

/** The database of the current tenant, limited to the org unit of whomever the request serves. */
export class ClinicDatabase {
  constructor(private readonly databases: TenantDatabases) {}

  /**
   * Runs `work` in one transaction; it may run again from its start, so it does nothing but talk to the database.
   * @throws BulkheadError of the tenancy library; `practitioner_not_free` (409), `org_unit_unknown` (403).
   */
  async run<T>(work: (transaction: TenantTransaction) => Promise<T>): Promise<T> {
    const context = currentTenant();
    for (let tries = 1; ; tries++) {
      try {
        return await this.databases.withTenant(context, (transaction) => entered(transaction, context, work), {
          idempotent: true,
        });
      } catch (error) {
        if (tries === TRIES || !isWorthRepeating(error)) throw explained(error);
      }
    }
  }

  /**
   * Makes something once for each key: a request that is sent again gets the id that the first one made.
   * @throws BulkheadError `idempotency_key_reused` (409) when the key came with another body before.
   */
  async make<T>(
    id: string,
    request: Request,
    work: (transaction: TenantTransaction) => Promise<unknown>,
    read: (transaction: TenantTransaction, id: string) => Promise<T>,
  ): Promise<T> {
    const { subject } = currentTenant();
    const by = `${subject.kind}:${subject.id}`;
    return await this.run(async (transaction) => {
      const made = await claimKey(transaction, by, id, request);
      if (made === id) await work(transaction);
      return await read(transaction, made);
    });
  }
}

async function entered<T>(
  transaction: TenantTransaction,
  { unit }: TenantContext,
  work: (transaction: TenantTransaction) => Promise<T>,
): Promise<T> {
  // It travels with the first statement of the work.
  const entering = transaction.query({ name: 'enter', text: 'SELECT app.enter($1)', values: [unit ?? '*'] });
  entering.catch(() => undefined);
  try {
    const result = await work(transaction);
    await entering;
    return result;
  } catch (error) {
    // After the first failure Postgres only says that there was one.
    throw transaction.firstError ?? error;
  }
}

/**
 * Books the key for this id, and waits for another request that is using it.
 * @returns the id that belongs to the key.
 */
async function claimKey(
  transaction: TenantTransaction,
  subject: string,
  id: string,
  { idempotencyKey, body }: Request,
): Promise<string> {
  const digest = createHash('sha256').update(idempotencyKey).digest();
  // Keyed by what only the caller knows: a body may hold little more than a number that one could guess.
  const bodyDigest = createHmac('sha256', idempotencyKey).update(JSON.stringify(body)).digest();
  await transaction.query({
    name: 'request_forget',
    text: `DELETE FROM app.request WHERE subject = $1 AND created_at < now() - interval '2 days'`,
    values: [subject],
  });
  const { rowCount } = await transaction.query({
    name: 'request_claim',
    text: `INSERT INTO app.request (tenant_id, subject, key_digest, body_digest, made_id) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT DO NOTHING`,
    values: [currentTenant().tenantId, subject, digest, bodyDigest, id],
  });
  if (rowCount === 1) return id;
  const { rows } = await transaction.query<{ made_id: string; body_digest: Buffer }>({
    name: 'request_known',
    text: 'SELECT made_id, body_digest FROM app.request WHERE subject = $1 AND key_digest = $2',
    values: [subject, digest],
  });
  const [known] = rows;
  if (known?.body_digest.equals(bodyDigest)) return known.made_id;
  throw new BulkheadError({
    code: 'idempotency_key_reused',
    status: 409,
    publicMessage: 'The Idempotency-Key was used for another request.',
    remediation: 'Send a new key with a new request, and the same body with the same key.',
  });
}
