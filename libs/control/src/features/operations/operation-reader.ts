import { isFinal, OPERATION_STATES, type OperationState } from '@bulkhead/domain';
import { isId, type OperationId } from '@bulkhead/kernel';
import { OperationEntity, OperationStepEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { DataSource } from 'typeorm';
import { notFound, PageQuery, readPage, type Page, MayBeAbsent } from '../../http/index.js';
import { viewOperation, viewStep, type OperationDetail, type OperationView } from './operation-view.js';

export class ListOperationsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: OPERATION_STATES })
  @MayBeAbsent()
  @IsIn(OPERATION_STATES)
  state?: OperationState;

  @ApiPropertyOptional({ description: 'Operations of this tenant.' })
  @MayBeAbsent()
  @Matches(/^ten_[0-9a-f]{32}$/, { message: 'tenant must be a tenant id' })
  tenant?: string;

  @ApiPropertyOptional({ example: 'tenant.onboard' })
  @MayBeAbsent()
  @Matches(/^[a-z_]+\.[a-z_]+$/, { message: 'kind must look like tenant.onboard' })
  kind?: string;
}

@Injectable()
export class OperationReader {
  constructor(private readonly source: DataSource) {}

  list(query: ListOperationsQuery): Promise<Page<OperationView>> {
    const { state, tenant, kind } = query;
    const operations = this.source.manager.createQueryBuilder(OperationEntity, 'operation').where('true');
    if (state) operations.andWhere('operation.state = :state', { state });
    if (tenant) operations.andWhere('operation.tenantId = :tenant', { tenant });
    if (kind) operations.andWhere('operation.kind = :kind', { kind });
    return readPage(operations, query, viewOperation);
  }

  /** @throws BulkheadError `operation_not_found` (404). */
  async get(id: OperationId): Promise<OperationDetail> {
    const { manager } = this.source;
    const operation = isId('operation', id) ? await manager.findOneBy(OperationEntity, { id }) : null;
    if (!operation) throw notFound('operation');
    const steps = await manager.find(OperationStepEntity, { where: { operationId: id }, order: { ordinal: 'ASC' } });
    return { ...viewOperation(operation), steps: steps.map(viewStep) };
  }
}

export function hasEnded({ state }: OperationView): boolean {
  return isFinal(state);
}
