import type { PlanTemplate, TierTemplate } from '@bulkhead/domain';
import { PlanEntity, TierEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

export type PublishedTier = TierTemplate & { readonly digest: string; readonly publishedAt: string };
export type PublishedPlan = PlanTemplate & { readonly digest: string; readonly publishedAt: string };

/** Reads what was published: the newest version of each name, or all versions of one name, newest first. */
@Injectable()
export class CatalogReader {
  constructor(private readonly source: DataSource) {}

  async tiers(): Promise<PublishedTier[]> {
    return newest(
      await this.source.manager.find(TierEntity, { order: { name: 'ASC', version: 'DESC' } }),
    ) as PublishedTier[];
  }

  async tierVersions(name: string): Promise<PublishedTier[]> {
    const rows = await this.source.manager.find(TierEntity, { where: { name }, order: { version: 'DESC' } });
    return rows.map(published) as PublishedTier[];
  }

  async plans(): Promise<PublishedPlan[]> {
    return newest(
      await this.source.manager.find(PlanEntity, { order: { name: 'ASC', version: 'DESC' } }),
    ) as PublishedPlan[];
  }

  async planVersions(name: string): Promise<PublishedPlan[]> {
    const rows = await this.source.manager.find(PlanEntity, { where: { name }, order: { version: 'DESC' } });
    return rows.map(published) as PublishedPlan[];
  }
}

function published({ spec, digest, publishedAt }: TierEntity | PlanEntity): object {
  return { ...spec, digest, publishedAt: publishedAt.toISOString() };
}

function newest(rows: readonly (TierEntity | PlanEntity)[]): object[] {
  return rows.filter((row, index) => rows[index - 1]?.name !== row.name).map(published);
}
