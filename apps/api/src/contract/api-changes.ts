import { record, resolved, same, SchemaComparison, type Changes, type Json } from './schema-changes.js';

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace'];

/** What callers notice between two OpenAPI documents. Of what is only described differently, only schemas are told. */
export function apiChanges(before: unknown, after: unknown): Changes {
  const changes: Changes = { breaking: [], harmless: [] };
  const documents = { before: record(before), after: record(after) };
  const schemas = new SchemaComparison(documents, changes);
  const [had, has] = [operationsOf(documents.before), operationsOf(documents.after)];
  for (const [what, old] of had) {
    const now = has.get(what);
    if (now) new OperationComparison({ documents, changes, schemas, what }).compare(old, now);
    else changes.breaking.push(`${what} is gone`);
  }
  for (const what of has.keys()) if (!had.has(what)) changes.harmless.push(`${what} is new`);
  return changes;
}

function operationsOf(document: Json): Map<string, Json> {
  const all = Object.entries(record(document.paths)).flatMap(([path, item]) =>
    METHODS.filter((method) => method in record(item)).map(
      (method) => [`${method.toUpperCase()} ${path}`, record(record(item)[method])] as const,
    ),
  );
  return new Map(all);
}

interface Compared {
  readonly documents: { readonly before: Json; readonly after: Json };
  readonly changes: Changes;
  readonly schemas: SchemaComparison;
  readonly what: string;
}

class OperationComparison {
  constructor(private readonly of: Compared) {}

  compare(old: Json, now: Json): void {
    const { changes, what } = this.of;
    if (old.operationId !== now.operationId) changes.breaking.push(`${what}: its name in the client has changed`);
    if (!same(old.security ?? [], now.security ?? [])) changes.breaking.push(`${what}: who is let in has changed`);
    for (const role of (old['x-roles'] ?? []) as string[])
      if (!((now['x-roles'] ?? []) as string[]).includes(role)) changes.breaking.push(`${what}: not for ${role} now`);
    this.#parameters(old, now);
    this.#body(old.requestBody, now.requestBody);
    this.#answers(record(old.responses), record(now.responses));
  }

  #parameters(old: Json, now: Json): void {
    const { documents, changes, schemas, what } = this.of;
    const had = parametersOf(documents.before, old);
    const has = parametersOf(documents.after, now);
    for (const [name, parameter] of had) {
      const present = has.get(name);
      if (!present) changes.breaking.push(`${what}: ${name} is gone`);
      else schemas.compare(parameter.schema, present.schema, `${what}: ${name}`, 'sent');
    }
    for (const [name, { required }] of has) {
      if (required && !had.get(name)?.required) changes.breaking.push(`${what}: ${name} must be sent now`);
      else if (!had.has(name)) changes.harmless.push(`${what}: ${name} is new`);
    }
  }

  #body(old: unknown, now: unknown): void {
    const { documents, changes, what } = this.of;
    const [had, has] = [resolved(documents.before, old), resolved(documents.after, now)];
    if (has.required && !had.required) changes.breaking.push(`${what}: a body must be sent now`);
    this.#content(had, has, `${what}: body`, 'sent');
  }

  #answers(old: Json, now: Json): void {
    const { documents, changes, what } = this.of;
    for (const status of new Set([...Object.keys(old), ...Object.keys(now)])) {
      const where = `${what}: answer ${status}`;
      // A refusal is a problem document, whatever its status.
      if (status in old && status in now)
        this.#content(
          resolved(documents.before, old[status]),
          resolved(documents.after, now[status]),
          where,
          'answered',
        );
      else if (status.startsWith('2')) changes.breaking.push(`${where} is ${status in old ? 'gone' : 'new'}`);
      else changes.harmless.push(`${where} is ${status in old ? 'gone' : 'new'}`);
    }
  }

  #content(old: Json, now: Json, where: string, direction: 'sent' | 'answered'): void {
    const { changes, schemas } = this.of;
    const [had, has] = [record(old.content), record(now.content)];
    for (const [type, { schema }] of Object.entries(had) as [string, Json][]) {
      if (type in has) schemas.compare(schema, record(has[type]).schema, where, direction);
      else changes.breaking.push(`${where} as ${type} is gone`);
    }
    for (const type of Object.keys(has)) if (!(type in had)) changes.harmless.push(`${where} as ${type} is new`);
  }
}

function parametersOf(document: Json, operation: Json): Map<string, Json> {
  const all = ((operation.parameters ?? []) as unknown[]).map((one) => resolved(document, one));
  return new Map(all.map((one) => [`${String(one.in)} ${String(one.name)}`, one]));
}
