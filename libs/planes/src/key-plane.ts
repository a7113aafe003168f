import {
  DescribeKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GetKeyRotationStatusCommand,
} from '@aws-sdk/client-kms';
import type { Isolation, PlannedBinding } from '@bulkhead/domain';
import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import type pg from 'pg';
import { asOwner, type PlaneClients } from './clients.js';
import type { Facts, Home, LayerPlane } from './plane.js';
import { assertEntered, enter, leave, type RegistryEntry } from './registry.js';

/**
 * The tenant's data key, wrapped under the cell's KMS key or under its own. The plaintext exists only where a workload
 * unwraps it.
 */
export class KeyPlane implements LayerPlane {
  readonly layer = 'key';
  readonly isolation: Isolation;
  readonly #entry: RegistryEntry;

  constructor(
    private readonly clients: PlaneClients,
    private readonly registry: Home,
    private readonly keyArn: string,
    tenantId: TenantId,
    { bindingId, isolation }: PlannedBinding,
  ) {
    this.isolation = isolation;
    // A shared KMS key says nothing about the tenant: its data key is found by the binding.
    this.#entry = { bindingId, layer: this.layer, tenantId, locator: isolation === 'shared' ? bindingId : keyArn };
  }

  async bind(): Promise<void> {
    await asOwner(this.clients, this.registry, async (client) => {
      await enter(client, this.#entry, { registered: this.isolation === 'shared' });
      await this.#ensureDataKey(client);
    });
  }

  async unbind(): Promise<void> {
    const keepRow = this.isolation === 'shared';
    await asOwner(this.clients, this.registry, (client) => leave(client, this.#entry, { keepRow }));
  }

  /** A key is kept for as long as anything that it encrypts; there is no retention of its own to apply. */
  async applyRetention(): Promise<void> {}

  async describe(): Promise<Facts> {
    const KeyId = this.keyArn;
    const [key, rotation, dataKeyVersion] = await Promise.all([
      this.clients.kms.send(new DescribeKeyCommand({ KeyId })),
      this.clients.kms.send(new GetKeyRotationStatusCommand({ KeyId })),
      asOwner(this.clients, this.registry, async (client) => {
        await assertEntered(client, this.#entry);
        return this.#newestDataKey(client);
      }),
    ]);
    if (key.KeyMetadata?.KeyState !== 'Enabled' || dataKeyVersion === 0) throw unusable(KeyId);
    return { keyArn: KeyId, rotated: rotation.KeyRotationEnabled ?? false, dataKeyVersion };
  }

  /** A registration of the cell has its data key already; a key of one's own gets its first one here. */
  async #ensureDataKey(client: pg.Client): Promise<void> {
    if ((await this.#newestDataKey(client)) > 0) return;
    const { bindingId } = this.#entry;
    // The binding as encryption context: the wrapped key of one tenant cannot be unwrapped in the name of another.
    const EncryptionContext = { 'bulkhead:binding': bindingId };
    const request = new GenerateDataKeyWithoutPlaintextCommand({
      KeyId: this.keyArn,
      KeySpec: 'AES_256',
      EncryptionContext,
    });
    const { CiphertextBlob } = await this.clients.kms.send(request);
    await client.query(
      `insert into bulkhead.data_key (binding_id, version, wrapped, key_arn) values ($1, 1, $2, $3) on conflict do nothing`,
      [bindingId, Buffer.from(CiphertextBlob ?? []), this.keyArn],
    );
  }

  async #newestDataKey(client: pg.Client): Promise<number> {
    const find = 'select coalesce(max(version), 0)::int as version from bulkhead.data_key where binding_id = $1';
    const { rows } = await client.query(find, [this.#entry.bindingId]);
    return rows[0].version;
  }
}

function unusable(keyArn: string): BulkheadError {
  return new BulkheadError({
    code: 'key_unusable',
    status: 409,
    publicMessage: `Key ${keyArn} is not enabled, or holds no data key for this tenant.`,
    remediation: 'Enable the key, then retry the operation.',
  });
}
