import type { Layer, TierTemplate } from '@bulkhead/domain';
import {
  wantedStacks,
  type FleetPlan,
  type FleetTenant,
  type FleetTier,
  type KnownStack,
  type PlannedStack,
  type WantedStack,
} from '@bulkhead/domain/fleet';
import type { TenantId } from '@bulkhead/kernel';
import { FleetPlanEntity, FleetPlanStackEntity, newestPublished, TenantEntity, TierEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource, In, type EntityManager } from 'typeorm';
import { notFound } from '../../http/index.js';
import { FleetReader, viewTenants } from './fleet-reader.js';
import { viewPlan, type FleetPlanView } from './fleet-plan-view.js';

/** A stack of a plan, with what is true of it now. */
export interface PlanTarget {
  readonly plan: Pick<FleetPlan, 'code' | 'templates'>;
  readonly planned: PlannedStack;
  /** What the published templates make of it; undefined when it is not live any more. */
  readonly wanted: WantedStack | undefined;
  readonly tenants: readonly FleetTenant[];
  /** Newest published version of each tier that the plan names. */
  readonly published: readonly FleetTier[];
  /** Newest published tiers of its tenants. */
  readonly tiers: ReadonlyMap<string, TierTemplate>;
  readonly bindings: ReadonlyMap<string, { readonly tenantId: string; readonly layer: Layer }>;
  readonly progress: Pick<FleetPlanStackEntity, 'state' | 'operationId'> | null;
}

@Injectable()
export class FleetPlanReader {
  constructor(
    private readonly source: DataSource,
    private readonly fleet: FleetReader,
  ) {}

  async get(hash: string): Promise<FleetPlanView> {
    const { manager } = this.source;
    const kept = await manager.findOneBy(FleetPlanEntity, { hash });
    if (!kept) throw notFound('fleet plan');
    return viewPlan(kept, await manager.findBy(FleetPlanStackEntity, { planHash: hash }));
  }

  /** One stack of a plan, as the worker needs it when its turn comes. */
  async target(planHash: string, stack: string): Promise<PlanTarget> {
    const { manager } = this.source;
    const { plan } = await manager.findOneByOrFail(FleetPlanEntity, { hash: planHash });
    const planned = plan.stacks.find((one) => one.stack === stack);
    if (!planned) throw new Error(`${stack} is not in the plan ${planHash}`);
    const tiers = new Map((await newestPublished(manager, 'tier')).map((tier) => [tier.name, tier]));
    const live = await this.fleet.request(stack);
    const tenants = await tenantsOf(manager, live?.tenantIds ?? []);
    const known = live ? [{ stack, request: live.request, tenantIds: live.tenantIds as TenantId[] }] : [];
    const beside = await this.#rosters(tenants, stack);
    return {
      plan,
      planned,
      wanted: wantedStacks([...known, ...beside], tenants, tiers).find((one) => one.stack === stack),
      tenants,
      published: await publishedTiers(manager, plan.templates),
      tiers,
      bindings: new Map(
        tenants.flatMap(({ id, bindings }) =>
          bindings.map(({ bindingId, layer }) => [bindingId, { tenantId: id, layer }] as const),
        ),
      ),
      progress: await manager.findOneBy(FleetPlanStackEntity, { planHash, stack }),
    };
  }

  /** The rosters that its tenants are on: by them a specification knows the key of the cell. */
  async #rosters(tenants: readonly FleetTenant[], stack: string): Promise<KnownStack[]> {
    const ids = new Set(tenants.flatMap(({ bindings }) => bindings.flatMap(({ rosterId }) => rosterId ?? [])));
    const found: KnownStack[] = [];
    for (const id of ids) {
      const name = `roster.${id}`;
      const live = name === stack ? undefined : await this.fleet.request(name);
      if (live) found.push({ stack: name, request: live.request, tenantIds: live.tenantIds as TenantId[] });
    }
    return found;
  }
}

async function tenantsOf(manager: EntityManager, ids: readonly string[]): Promise<FleetTenant[]> {
  const rows = await manager.findBy(TenantEntity, { id: In([...ids]) });
  return (await viewTenants(manager, rows)) as FleetTenant[];
}

async function publishedTiers(manager: EntityManager, named: readonly FleetTier[]): Promise<FleetTier[]> {
  const rows = await manager.find(TierEntity, { where: { name: In(named.map(({ name }) => name)) } });
  const newest = new Map<string, TierEntity>();
  for (const row of rows) if (row.version > (newest.get(row.name)?.version ?? 0)) newest.set(row.name, row);
  return [...newest.values()].map(({ name, version, digest }) => ({ name, version, digest }));
}
