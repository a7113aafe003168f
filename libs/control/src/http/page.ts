import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Matches, Max, Min } from 'class-validator';
import { MayBeAbsent } from './absent.js';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';

/** Cursor paging, newest first. */
export class PageQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 20 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 20;

  @ApiPropertyOptional({ description: 'Id of the last item of the previous page.' })
  @MayBeAbsent()
  @Matches(/^[a-z]{2,3}_[0-9a-f]{32}$/, { message: 'starting_after must be an id' })
  starting_after?: string;
}

export interface Page<T> {
  readonly data: T[];
  /** Whether another page follows; ask for it with `starting_after` set to the last item's id. */
  readonly hasMore: boolean;
}

/** Runs a query for one page. The query's main alias must have an `id` that sorts by time. */
export async function readPage<E extends ObjectLiteral, T>(
  query: SelectQueryBuilder<E>,
  { limit, starting_after: after }: PageQuery,
  view: (row: E) => T,
): Promise<Page<T>> {
  if (after !== undefined) query.andWhere(`${query.alias}.id < :after`, { after });
  const rows = await query
    .orderBy(`${query.alias}.id`, 'DESC')
    .take(limit + 1)
    .getMany();
  return { data: rows.slice(0, limit).map(view), hasMore: rows.length > limit };
}

/** Escapes a text for use inside a LIKE pattern. */
export function likeText(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`);
}
