import { LAYERS, TENANT_STATES, type CellOutputs, type Layer, type TenantState } from '@bulkhead/domain';
import type { CellId, TenantId } from '@bulkhead/kernel';
import {
  BindingEntity,
  CellEntity,
  EntitlementEntity,
  loadTenant,
  PlacementEntity,
  SubscriptionEntity,
  TenantEntity,
} from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length } from 'class-validator';
import { DataSource, In } from 'typeorm';
import { likeText, notFound, PageQuery, readPage, type Page, MayBeAbsent } from '../../http/index.js';
import {
  shownOutputs,
  viewEntitlement,
  viewSubscription,
  viewTenant,
  type BindingView,
  type EntitlementView,
  type PlacementView,
  type SubscriptionView,
  type TenantView,
} from './tenant-view.js';

export class ListTenantsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: TENANT_STATES })
  @MayBeAbsent()
  @IsIn(TENANT_STATES)
  state?: TenantState;

  @ApiPropertyOptional()
  @MayBeAbsent()
  @IsString()
  @Length(1, 64)
  tier?: string;

  @ApiPropertyOptional()
  @MayBeAbsent()
  @IsString()
  @Length(1, 64)
  region?: string;

  @ApiPropertyOptional({ description: 'Part of the name or of the slug.' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 100)
  q?: string;
}

@Injectable()
export class TenantReader {
  constructor(private readonly source: DataSource) {}

  async list(query: ListTenantsQuery): Promise<Page<TenantView>> {
    const { state, tier, region, q } = query;
    const tenants = this.source.manager.createQueryBuilder(TenantEntity, 'tenant').where('true');
    if (state) tenants.andWhere('tenant.state = :state', { state });
    if (tier) tenants.andWhere('tenant.tierName = :tier', { tier });
    if (region) tenants.andWhere('tenant.region = :region', { region });
    if (q) tenants.andWhere('(tenant.name ilike :q or tenant.slug ilike :q)', { q: `%${likeText(q)}%` });
    return readPage(tenants, query, viewTenant);
  }

  async get(id: TenantId): Promise<TenantView> {
    return viewTenant(await loadTenant(this.source.manager, id));
  }

  async placement(tenantId: TenantId): Promise<PlacementView> {
    const { manager } = this.source;
    await loadTenant(manager, tenantId);
    const placements = await manager.findBy(PlacementEntity, { tenantId });
    const bindings = await manager.findBy(BindingEntity, { id: In(placements.map(({ bindingId }) => bindingId)) });
    const cells = await this.#cells(bindings);
    const views = placements.flatMap(({ layer, bindingId, epoch }): BindingView[] => {
      const binding = bindings.find(({ id }) => id === bindingId);
      if (!binding) return [];
      const { isolation, state, outputs } = binding;
      const cellId = isolation === 'shared' ? binding.cellId : null;
      const cell = cellId === null ? undefined : cells.get(cellId);
      const shown = { ...(cell && shownOutputs(partOfCell(layer, cell))), ...shownOutputs(outputs) };
      return [{ layer, bindingId, isolation, epoch: Number(epoch), state, cellId, outputs: shown }];
    });
    return { tenantId, bindings: views.toSorted((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer)) };
  }

  /** What the tenant may use now: nothing unless it is active. */
  async entitlements(tenantId: TenantId): Promise<{ data: EntitlementView[] }> {
    const { state } = await loadTenant(this.source.manager, tenantId);
    if (state !== 'active') return { data: [] };
    const rows = await this.source.manager.find(EntitlementEntity, {
      where: { tenantId },
      order: { kind: 'ASC', feature: 'ASC' },
    });
    return { data: rows.map(viewEntitlement) };
  }

  async subscription(tenantId: TenantId): Promise<SubscriptionView> {
    await loadTenant(this.source.manager, tenantId);
    const subscription = await this.source.manager.findOneBy(SubscriptionEntity, { tenantId });
    if (!subscription) throw notFound('subscription');
    return viewSubscription(subscription);
  }

  async #cells(bindings: readonly BindingEntity[]): Promise<Map<CellId, CellOutputs>> {
    const ids = bindings.flatMap(({ cellId }) => cellId ?? []);
    const cells = await this.source.manager.findBy(CellEntity, { id: In(ids) });
    return new Map(cells.flatMap(({ id, outputs }) => (outputs ? [[id, outputs as CellOutputs]] : [])));
  }
}

/** What a cell lends to a shared layer. */
function partOfCell(layer: Layer, cell: CellOutputs): object {
  switch (layer) {
    case 'database':
      return cell.database;
    case 'storage':
      return { bucket: cell.bucket };
    case 'key':
      return { keyArn: cell.keyArn };
    case 'queue':
      return { queueUrl: cell.queueUrl, deadLetterQueueUrl: cell.deadLetterQueueUrl };
  }
}
