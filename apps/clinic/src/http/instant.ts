import { applyDecorators } from '@nestjs/common';
import { IsISO8601, Matches } from 'class-validator';

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/** A moment with its offset from UTC (RFC 3339): one without means another moment in every clinic. */
export function IsInstant(): PropertyDecorator {
  return applyDecorators(
    Matches(INSTANT, { message: '$property must be a time with its offset, such as 2027-01-31T09:30:00Z' }),
    IsISO8601({ strict: true }, { message: '$property must be a day that exists' }),
  );
}
