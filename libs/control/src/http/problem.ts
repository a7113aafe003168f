import { STATUS_CODES } from 'node:http';
import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';

export class ProblemField {
  @ApiProperty({ description: 'JSON pointer (RFC 6901) into the body; `/query/…` for a parameter of the address.' })
  pointer!: string;
  @ApiProperty() message!: string;
}

/** Every refusal looks like this (RFC 9457). */
export class Problem {
  @ApiProperty({ example: 'urn:bulkhead:problem:slug_taken' }) type!: string;
  @ApiProperty({ example: 'Conflict' }) title!: string;
  @ApiProperty({ example: 409 }) status!: number;
  @ApiProperty({ example: 'Another tenant has this slug.' }) detail!: string;
  @ApiProperty({ description: 'Stable code to branch on.', example: 'slug_taken' }) errorCode!: string;
  @ApiProperty({ description: 'What to do next.', example: 'Choose another slug.' }) remediation!: string;
  @ApiProperty({ description: 'Whether the same request may succeed later.' }) retryable!: boolean;
  @ApiProperty({ description: 'The request, as the logs and the audit log name it.', example: 'urn:uuid:0b0f2f1c-…' })
  instance!: string;
  @ApiProperty({ type: [ProblemField], required: false }) errors?: ProblemField[];
}

/** Documents the refusals that a route may give. */
export function Problems(...statuses: readonly number[]): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(Problem),
    ...statuses.map((status) =>
      ApiResponse({
        status,
        description: STATUS_CODES[status] ?? 'Refused',
        content: { 'application/problem+json': { schema: { $ref: getSchemaPath(Problem) } } },
      }),
    ),
  );
}
