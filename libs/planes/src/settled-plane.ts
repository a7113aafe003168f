import type { Isolation, Layer, LayerPlaces, PlannedBinding, RetentionSpec } from '@bulkhead/domain';
import type { TenantId } from '@bulkhead/kernel';
import type pg from 'pg';
import { asOwner, type PlaneClients } from './clients.js';
import type { Facts, Home, LayerPlane } from './plane.js';
import { enter, leave, type RegistryEntry } from './registry.js';

interface Settlement {
  readonly tenantId: TenantId;
  readonly binding: PlannedBinding;
  /** The database that the layer is registered in. */
  readonly registry: Home;
  /** The tenant's home: what its workload asks where the layer is. */
  readonly home: Home;
  readonly place: LayerPlaces[keyof LayerPlaces];
}

/**
 * A layer whose place is told to the tenant's home, beside what the layer itself does. A layer that is registered
 * elsewhere (the home is dedicated, the layer shared) is entered at home too, with the data keys that it has: the
 * workload asks its home and nobody else.
 */
export class SettledPlane implements LayerPlane {
  constructor(
    private readonly clients: PlaneClients,
    private readonly plane: LayerPlane,
    private readonly settlement: Settlement,
  ) {}

  get layer(): Layer {
    return this.plane.layer;
  }

  get isolation(): Isolation {
    return this.plane.isolation;
  }

  async bind(): Promise<void> {
    await this.plane.bind();
    const { registry, home, binding } = this.settlement;
    const dataKeys = this.#elsewhere && this.layer === 'key' ? await dataKeysOf(this.clients, registry, binding) : [];
    await asOwner(this.clients, home, async (client) => {
      if (this.#elsewhere) await enter(client, this.#entry, { registered: false });
      for (const key of dataKeys) await keep(client, binding, key);
      await this.#settle(client);
    });
  }

  async unbind(): Promise<void> {
    const { home, tenantId, binding } = this.settlement;
    await asOwner(this.clients, home, async (client) => {
      const settled = 'delete from bulkhead.tenant_layer where tenant_id = $1 and binding_id = $2';
      await client.query(settled, [tenantId, binding.bindingId]);
      if (this.#elsewhere) await leave(client, this.#entry, { keepRow: false });
    });
    await this.plane.unbind();
  }

  applyRetention(retention: RetentionSpec): Promise<void> {
    return this.plane.applyRetention(retention);
  }

  describe(): Promise<Facts> {
    return this.plane.describe();
  }

  get #elsewhere(): boolean {
    return this.settlement.home.id !== this.settlement.registry.id;
  }

  get #entry(): RegistryEntry {
    const { tenantId, binding } = this.settlement;
    return { tenantId, bindingId: binding.bindingId, layer: this.layer, locator: binding.bindingId };
  }

  /** A place with a later epoch, which a move has settled, is left alone. */
  async #settle(client: pg.Client): Promise<void> {
    const { tenantId, binding, place } = this.settlement;
    await client.query(
      `insert into bulkhead.tenant_layer as l (tenant_id, layer, binding_id, epoch, place) values ($1, $2, $3, $4, $5)
       on conflict (tenant_id, layer) do update
         set binding_id = excluded.binding_id, epoch = excluded.epoch, place = excluded.place
         where l.epoch <= excluded.epoch`,
      [tenantId, this.layer, binding.bindingId, binding.epoch, place],
    );
  }
}

interface DataKeyRow {
  readonly version: number;
  readonly wrapped: Buffer;
  readonly key_arn: string;
}

async function dataKeysOf(clients: PlaneClients, registry: Home, { bindingId }: PlannedBinding): Promise<DataKeyRow[]> {
  return asOwner(clients, registry, async (client) => {
    const find = 'select version, wrapped, key_arn from bulkhead.data_key where binding_id = $1';
    return (await client.query<DataKeyRow>(find, [bindingId])).rows;
  });
}

async function keep(client: pg.Client, { bindingId }: PlannedBinding, key: DataKeyRow): Promise<void> {
  await client.query(
    `insert into bulkhead.data_key (binding_id, version, wrapped, key_arn) values ($1, $2, $3, $4) on conflict do nothing`,
    [bindingId, key.version, key.wrapped, key.key_arn],
  );
}
