import type { CellId } from '@bulkhead/kernel';
import { CellEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Length } from 'class-validator';
import { DataSource } from 'typeorm';
import { notFound, PageQuery, readPage, type Page, MayBeAbsent } from '../../http/index.js';
import { viewCell, type CellView } from './cell-view.js';

const STATES = ['provisioning', 'active', 'failed'] as const;

export class ListCellsQuery extends PageQuery {
  @ApiPropertyOptional()
  @MayBeAbsent()
  @Length(1, 64)
  region?: string;

  @ApiPropertyOptional({ enum: STATES })
  @MayBeAbsent()
  @IsIn(STATES)
  state?: (typeof STATES)[number];
}

@Injectable()
export class CellReader {
  constructor(private readonly source: DataSource) {}

  list(query: ListCellsQuery): Promise<Page<CellView>> {
    const { region, state } = query;
    const cells = this.source.manager.createQueryBuilder(CellEntity, 'cell').where('true');
    if (region) cells.andWhere('cell.region = :region', { region });
    if (state) cells.andWhere('cell.state = :state', { state });
    return readPage(cells, query, viewCell);
  }

  async get(id: CellId): Promise<CellView> {
    const cell = await this.source.manager.findOneBy(CellEntity, { id });
    if (!cell) throw notFound('cell');
    return viewCell(cell);
  }
}
