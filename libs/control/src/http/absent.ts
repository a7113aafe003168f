import { ValidateIf } from 'class-validator';

/**
 * The field may be left out. Unlike `IsOptional` of class-validator it does not let null through, which would reach a
 * column that has none, or undo a default.
 */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}
