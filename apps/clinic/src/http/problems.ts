import { STATUS_CODES } from 'node:http';
import { BulkheadError, type FieldError } from '@bulkhead/kernel';
import type { Problem } from '@bulkhead/tenancy/nest';
import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';

export class ProblemField {
  @ApiProperty({ description: 'JSON pointer (RFC 6901) into the body; `/query/…` for a parameter of the address.' })
  pointer!: string;
  @ApiProperty() message!: string;
}

/** Every refusal looks like this (RFC 9457): `Problem` of @bulkhead/tenancy/nest, for the OpenAPI document. */
export class ProblemView implements Problem {
  @ApiProperty({ example: 'urn:bulkhead:problem:practitioner_not_free' }) type!: string;
  @ApiProperty() title!: string;
  @ApiProperty({ type: 'integer' }) status!: number;
  @ApiProperty() detail!: string;
  @ApiProperty({ description: 'Stable code to branch on.' }) errorCode!: string;
  @ApiProperty({ description: 'What to do next.' }) remediation!: string;
  @ApiProperty({ description: 'Whether the same request may succeed later.' }) retryable!: boolean;
  @ApiProperty({ description: 'The request, as the logs name it.' }) instance!: string;
  @ApiProperty({ type: [ProblemField], required: false }) errors?: ProblemField[];
}

/** Documents the refusals that a route may give. */
export function Problems(...statuses: readonly number[]): MethodDecorator {
  const content = { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemView) } } };
  return applyDecorators(
    ApiExtraModels(ProblemView),
    ...statuses.map((status) => ApiResponse({ status, description: STATUS_CODES[status] ?? 'Refused', content })),
  );
}

/** The refusal of a body or a query that does not have the right form: every problem at once. */
export function invalidRequest(errors: readonly FieldError[]): BulkheadError {
  return new BulkheadError({
    code: 'invalid_request',
    status: 400,
    publicMessage: 'The request is not valid.',
    remediation: 'Mend the fields named in errors[]; /openapi.json describes them.',
    errors,
  });
}
