import type { LayerPlaces } from '@bulkhead/domain';
import { BulkheadError } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import type { TenantDatabases } from '../database/tenant-databases.js';
import type { RoutingTable } from '../routing/routing-table.js';

/** One layer of a tenant, where it is now. */
export interface TenantLayer<L extends keyof LayerPlaces> {
  readonly tenantId: string;
  readonly layer: L;
  readonly bindingId: string;
  readonly epoch: number;
  readonly place: LayerPlaces[L];
}

export interface TenantLayersOptions {
  readonly databases: TenantDatabases;
  readonly routes: RoutingTable;
  /** How long an answer is used without asking again, milliseconds. Defaults to 30,000. */
  readonly maxAgeMs?: number;
}

interface Known {
  readonly home: string;
  readonly homeEpoch: number;
  readonly askedAt: number;
  readonly layers: Promise<ReadonlyMap<string, TenantLayer<keyof LayerPlaces>>>;
}

interface Row {
  layer: keyof LayerPlaces;
  binding_id: string;
  epoch: string;
  place: LayerPlaces[keyof LayerPlaces];
}

const MAX_AGE_MS = 30_000;
const CAPACITY = 10_000;

/**
 * Where the layers of tenants are, as their home databases say to the holder of a signed context. Remembered by tenant,
 * home and epoch, so that nothing survives a move of the tenant; the move of a single layer is noticed within `maxAgeMs`.
 */
export class TenantLayers {
  readonly #options: TenantLayersOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: TenantLayersOptions) {
    this.#options = options;
  }

  /**
   * @throws BulkheadError of the routing table, at once, when the tenant may not be served; `tenant_layer_missing` (503).
   */
  async find<L extends keyof LayerPlaces>(context: TenantContext, layer: L): Promise<TenantLayer<L>> {
    const { tenantId } = context;
    const { home, epoch } = this.#options.routes.resolve(tenantId);
    const known = this.#known.get(tenantId);
    const maxAgeMs = this.#options.maxAgeMs ?? MAX_AGE_MS;
    const isFresh = known?.home === home && known.homeEpoch === epoch && performance.now() - known.askedAt <= maxAgeMs;
    // Somebody else's question may fail for reasons of its own, such as a token that expired: then we ask ourselves.
    const layers =
      (isFresh && (await known.layers.catch(() => undefined))) || (await this.#renew(context, home, epoch));
    const found = layers.get(layer);
    if (found === undefined) throw missing(layer);
    return found as TenantLayer<L>;
  }

  #renew(context: TenantContext, home: string, homeEpoch: number): Known['layers'] {
    const known: Known = { home, homeEpoch, askedAt: performance.now(), layers: this.#ask(context) };
    this.#remember(context.tenantId, known);
    return known.layers;
  }

  #remember(tenantId: string, known: Known): void {
    this.#known.delete(tenantId);
    this.#known.set(tenantId, known);
    known.layers.catch(() => {
      if (this.#known.get(tenantId) === known) this.#known.delete(tenantId);
    });
    const [oldest] = this.#known.keys();
    if (this.#known.size > CAPACITY && oldest !== undefined) this.#known.delete(oldest);
  }

  async #ask(context: TenantContext): Promise<ReadonlyMap<string, TenantLayer<keyof LayerPlaces>>> {
    const { rows } = await this.#options.databases.query<Row>(context, {
      name: 'bulkhead_layers',
      text: 'SELECT layer, binding_id, epoch, place FROM tenancy.layers()',
    });
    const { tenantId } = context;
    return new Map(
      rows.map(({ layer, binding_id, epoch, place }) => [
        layer,
        Object.freeze({ tenantId, layer, bindingId: binding_id, epoch: Number(epoch), place }),
      ]),
    );
  }
}

function missing(layer: string): BulkheadError {
  return new BulkheadError({
    code: 'tenant_layer_missing',
    status: 503,
    publicMessage: `The ${layer} of the tenant is not set up.`,
    remediation: 'Wait until the onboarding of the tenant has finished, or bind its placement again.',
  });
}
