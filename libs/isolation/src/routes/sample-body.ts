import type { OpenApiDocument } from './target.js';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
  readonly default?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
}

/**
 * A body that the document calls valid: what is required, and references wherever they are known.
 * @param references values of properties, by name.
 */
export function sampleBody(
  document: OpenApiDocument,
  operation: unknown,
  references: Readonly<Record<string, string>>,
): unknown {
  const { requestBody } = operation as {
    requestBody?: { content?: Readonly<Record<string, { schema?: Schema }>> };
  };
  const schema = requestBody?.content?.['application/json']?.schema;
  return schema && sample(document, schema, references);
}

function sample(document: OpenApiDocument, given: Schema, references: Readonly<Record<string, string>>): unknown {
  const schema = resolve(document, given);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  switch (schema.type) {
    case 'array':
      return schema.items ? [sample(document, schema.items, references)] : [];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'string':
      return text(schema);
    default:
      return members(document, schema, references);
  }
}

function members(document: OpenApiDocument, schema: Schema, references: Readonly<Record<string, string>>): object {
  const properties = Object.entries(schema.properties ?? {});
  const wanted = properties.filter(([name]) => schema.required?.includes(name) || references[name] !== undefined);
  return Object.fromEntries(
    wanted.map(([name, member]) => [name, references[name] ?? sample(document, member, references)]),
  );
}

function text({ format, minLength = 1 }: Schema): string {
  if (format === 'date') return '2001-01-01';
  if (format === 'date-time') return '2001-01-01T09:00:00Z';
  return 'probe'.padEnd(minLength, 'e');
}

function resolve(document: OpenApiDocument, schema: Schema): Schema {
  const whole = schema.allOf?.length === 1 ? (schema.allOf[0] as Schema) : schema;
  if (whole.$ref === undefined) return whole;
  const schemas = (document.components?.schemas ?? {}) as Readonly<Record<string, Schema>>;
  return schemas[whole.$ref.split('/').at(-1) ?? ''] ?? {};
}
