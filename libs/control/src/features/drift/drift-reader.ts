import { DRIFT_KINDS, type DriftKind } from '@bulkhead/domain/drift';
import type { DriftFindingId, DriftRunId, TenantId } from '@bulkhead/kernel';
import { DriftFindingEntity, DriftRunEntity, resourceOwners } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Length, Matches } from 'class-validator';
import { DataSource, IsNull } from 'typeorm';
import { MayBeAbsent, notFound, PageQuery, readPage, type Page } from '../../http/index.js';
import { FINDING_STATES, viewFinding, viewRun, type DriftFindingView, type DriftRunView } from './drift-view.js';

export class ListFindingsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: FINDING_STATES })
  @MayBeAbsent()
  @IsIn(FINDING_STATES)
  state?: (typeof FINDING_STATES)[number];

  @ApiPropertyOptional({ enum: DRIFT_KINDS })
  @MayBeAbsent()
  @IsIn(DRIFT_KINDS)
  kind?: DriftKind;

  @ApiPropertyOptional({ description: 'Of this tenant.' })
  @MayBeAbsent()
  @Matches(/^ten_[0-9a-f]{32}$/, { message: 'tenant must be a tenant id' })
  tenant?: string;

  @ApiPropertyOptional({ description: 'Of this stack.' })
  @MayBeAbsent()
  @Length(1, 200)
  stack?: string;
}

/** A run, as far as the worker must know it. */
export interface DriftTask {
  readonly tenantId: TenantId | null;
  /** Stacks that have been looked at already. */
  readonly done: ReadonlySet<string>;
}

@Injectable()
export class DriftReader {
  constructor(private readonly source: DataSource) {}

  runs(query: PageQuery): Promise<Page<DriftRunView>> {
    const runs = this.source.manager.createQueryBuilder(DriftRunEntity, 'run').where('true');
    return readPage(runs, query, viewRun);
  }

  async run(id: DriftRunId): Promise<DriftRunView> {
    const run = await this.source.manager.findOneBy(DriftRunEntity, { id });
    if (!run) throw notFound('drift run');
    return viewRun(run);
  }

  findings(query: ListFindingsQuery): Promise<Page<DriftFindingView>> {
    const { state, kind, tenant, stack } = query;
    const findings = this.source.manager.createQueryBuilder(DriftFindingEntity, 'finding').where('true');
    if (state) findings.andWhere(`finding.resolvedAt is ${state === 'open' ? '' : 'not '}null`);
    if (kind) findings.andWhere('finding.kind = :kind', { kind });
    if (tenant) findings.andWhere('finding.tenantId = :tenant', { tenant });
    if (stack) findings.andWhere('finding.stack = :stack', { stack });
    return readPage(findings, query, viewFinding);
  }

  async finding(id: DriftFindingId): Promise<DriftFindingView> {
    const finding = await this.source.manager.findOneBy(DriftFindingEntity, { id });
    if (!finding) throw notFound('drift finding');
    return viewFinding(finding);
  }

  async task(id: DriftRunId): Promise<DriftTask> {
    const { tenantId, stacks } = await this.source.manager.findOneByOrFail(DriftRunEntity, { id });
    return { tenantId, done: new Set(stacks.map(({ stack }) => stack)) };
  }

  /** Everything that a resource's ownership tag may name, and whether it still holds resources. */
  owners(): Promise<ReadonlyMap<string, boolean>> {
    return resourceOwners(this.source.manager);
  }

  /** Resources (URNs) of a stack that differed when somebody last looked. */
  async open(stack: string): Promise<string[]> {
    const rows = await this.source.manager.findBy(DriftFindingEntity, { stack, resolvedAt: IsNull() });
    return rows.filter(({ kind }) => kind !== 'orphan').map(({ resource }) => resource);
  }
}
