import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Matches, Max, Min, ValidateIf } from 'class-validator';

/** The field may be left out. Unlike `IsOptional` of class-validator it does not let null through. */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}

/** Cursor paging, oldest first. */
export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 20 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 20;

  @ApiPropertyOptional({ description: 'Id of the last item of the previous page.' })
  @MayBeAbsent()
  @Matches(/^[a-z]{3}_[0-9a-f]{32}$/, { message: 'starting_after must be an id' })
  starting_after?: string;
}

export interface Page<T> {
  readonly data: T[];
  readonly hasMore: boolean;
}

/** Makes a page of rows, of which one more than `limit` was asked for. */
export function pageOf<Row, T>(rows: readonly Row[], limit: number, view: (row: Row) => T): Page<T> {
  return { data: rows.slice(0, limit).map(view), hasMore: rows.length > limit };
}
