import { GenerateDataKeyWithoutPlaintextCommand } from '@aws-sdk/client-kms';
import { LAYERS, type Layer } from '@bulkhead/domain';
import { BulkheadError } from '@bulkhead/kernel';
import type { ResourceType } from '../protocol/resource-type.js';
import { hasUnknown } from '../protocol/values.js';
import { ServerGone, type Server } from './master-sessions.js';
import type { Plane } from './plane.js';

export interface RegistrationInputs extends Server {
  readonly bindingId: string;
  readonly layer: Layer;
  readonly database: string;
  readonly ownerRole: string;
  /** KMS key of the cell, which wraps the data key of a `key` binding. */
  readonly keyArn: string;
  readonly locator: string;
}

/** A pooled binding in the registry of a cell's database. */
export const registration: ResourceType<Plane, RegistrationInputs> = {
  token: 'bulkhead:pool:Registration',
  rules: {
    bindingId: { required: true, replaces: true },
    layer: { required: true, replaces: true },
    host: { required: true, unobserved: true },
    port: { required: true, unobserved: true },
    database: { required: true, unobserved: true, replaces: true },
    ownerRole: { required: true, unobserved: true },
    masterSecretArn: { required: true, unobserved: true },
    keyArn: { required: true },
    locator: { required: true },
  },
  computed: [],
  label: ({ bindingId, layer }) => `registration of ${layer} binding ${bindingId}`,

  refuse({ layer }) {
    if (hasUnknown(layer) || LAYERS.includes(layer)) return [];
    return [{ property: 'layer', reason: `must be one of ${LAYERS.join(', ')}` }];
  },

  async create(plane, inputs) {
    await register(plane, inputs);
    return inputs.bindingId;
  },

  async read({ sessions }, id, known) {
    if (!isPlaced(known)) return undefined;
    try {
      const row = await sessions.run(
        whereOf(known),
        async (client) =>
          (
            await client.query<{ layer: Layer; locator: string; key_arn: string | null }>(
              `SELECT layer, locator,
                      (SELECT key_arn FROM bulkhead.data_key WHERE binding_id = $1 ORDER BY version DESC LIMIT 1) AS key_arn
                 FROM bulkhead.registration WHERE binding_id = $1`,
              [id],
            )
          ).rows[0],
        10_000,
      );
      if (row === undefined) return undefined;
      // Other layers have no key of their own: the program's value stands.
      const keyArn = row.layer === 'key' ? (row.key_arn ?? '') : known.keyArn;
      return { bindingId: id, layer: row.layer, locator: row.locator, keyArn };
    } catch (error) {
      // 3D000: no such database. The server or the database went, and the registry with it.
      if (error instanceof ServerGone || (error as { code?: string }).code === '3D000') return undefined;
      throw error;
    }
  },

  async update(plane, _id, wanted) {
    await register(plane, wanted);
  },

  async delete({ sessions }, id, known) {
    if (!isPlaced(known)) return;
    try {
      await sessions.run(whereOf(known), async (client) => {
        const { rowCount } = await client.query(
          'DELETE FROM bulkhead.registration WHERE binding_id = $1 AND tenant_id IS NULL',
          [id],
        );
        if (rowCount === 1) return;
        const { rows } = await client.query('SELECT FROM bulkhead.registration WHERE binding_id = $1', [id]);
        if (rows.length > 0) throw stillBound(known);
      });
    } catch (error) {
      if (!(error instanceof ServerGone) && (error as { code?: string }).code !== '3D000') throw error;
    }
  },
};

function isPlaced(known: Partial<RegistrationInputs>): known is RegistrationInputs {
  return known.host !== undefined && known.database !== undefined;
}

function whereOf(inputs: RegistrationInputs) {
  return { server: inputs, database: inputs.database, role: inputs.ownerRole };
}

/** Inserts or adopts the row. A `key` binding gets its data key in the same statement: neither is there alone. */
async function register(plane: Plane, inputs: RegistrationInputs): Promise<void> {
  const wrapped = inputs.layer === 'key' ? await missingDataKey(plane, inputs) : undefined;
  const { rowCount } = await plane.sessions.run(whereOf(inputs), (client) =>
    client.query(
      `WITH registered AS (
         INSERT INTO bulkhead.registration AS r (binding_id, layer, locator) VALUES ($1, $2, $3)
         ON CONFLICT (binding_id) DO UPDATE SET locator = EXCLUDED.locator WHERE r.layer = EXCLUDED.layer
         RETURNING binding_id),
       keyed AS (
         INSERT INTO bulkhead.data_key (binding_id, version, wrapped, key_arn)
         SELECT binding_id, (SELECT coalesce(max(version), 0) + 1 FROM bulkhead.data_key WHERE binding_id = $1), $4, $5
           FROM registered WHERE $4::bytea IS NOT NULL
         ON CONFLICT (binding_id, version) DO NOTHING)
       SELECT FROM registered`,
      [inputs.bindingId, inputs.layer, inputs.locator, wrapped ?? null, inputs.keyArn],
    ),
  );
  if (rowCount === 1) return;
  throw new BulkheadError({
    code: 'foreign_resource',
    status: 409,
    publicMessage: `Binding ${inputs.bindingId} is registered already for another layer than ${inputs.layer}.`,
    remediation: 'A binding has one layer for its life: register a new binding.',
  });
}

/** A fresh data key, wrapped, unless the binding's newest one is under this KMS key already. */
async function missingDataKey(
  { clients, sessions }: Plane,
  inputs: RegistrationInputs,
): Promise<Uint8Array | undefined> {
  const newest = await sessions.run(whereOf(inputs), (client) =>
    client.query<{ key_arn: string }>(
      'SELECT key_arn FROM bulkhead.data_key WHERE binding_id = $1 ORDER BY version DESC LIMIT 1',
      [inputs.bindingId],
    ),
  );
  if (newest.rows[0]?.key_arn === inputs.keyArn) return undefined;
  const { CiphertextBlob } = await clients.kms.send(
    new GenerateDataKeyWithoutPlaintextCommand({
      KeyId: inputs.keyArn,
      KeySpec: 'AES_256',
      EncryptionContext: { 'bulkhead:binding': inputs.bindingId },
    }),
  );
  return CiphertextBlob;
}

function stillBound({ bindingId, layer }: RegistrationInputs): BulkheadError {
  return new BulkheadError({
    code: 'binding_in_use',
    status: 409,
    publicMessage: `The ${layer} binding ${bindingId} still serves a tenant and was not removed.`,
    remediation: 'Move or offboard the tenant first; that unbinds it.',
  });
}
