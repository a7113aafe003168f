import type { ApprovedLoss } from '@bulkhead/domain/fleet';
import { ChangeRequestEntity, notHeld } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { readPage, type Page, type PageQuery } from '../../http/index.js';

/** Losses of state that are approved, as previews and runs may know them. */
@Injectable()
export class ApprovedLossReader {
  constructor(private readonly source: DataSource) {}

  /** Newest first; not what has expired, nor what a legal hold keeps meanwhile. */
  async list(query: PageQuery): Promise<Page<ApprovedLoss>> {
    const { manager } = this.source;
    const approved = inForce(manager);
    const { data, hasMore } = await readPage(approved, query, (change) => change);
    return { data: data.flatMap(approvedLoss), hasMore };
  }
}

/** Those of one stack. */
export async function approvedLosses(manager: EntityManager, stack: string): Promise<ApprovedLoss[]> {
  const changes = await inForce(manager).andWhere(`change.document ->> 'stack' = :stack`, { stack }).getMany();
  return changes.flatMap(approvedLoss);
}

function inForce(manager: EntityManager) {
  return manager
    .createQueryBuilder(ChangeRequestEntity, 'change')
    .where(`change.kind = 'state-loss' and change.state in ('approved', 'applying') and change.expiresAt > now()`)
    .andWhere(notHeld('change.tenant_id', `change.document ->> 'stack'`));
}

function approvedLoss({ id, document, expiresAt }: ChangeRequestEntity): ApprovedLoss[] {
  if (!document || !('losses' in document) || !expiresAt) return [];
  const { stack, tenantId, losses } = document;
  return [{ id, stack, tenantId, losses, expiresAt: expiresAt.toISOString() }];
}
