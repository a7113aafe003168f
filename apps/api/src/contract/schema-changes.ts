/** In words, each with its place. */
export interface Changes {
  /** What may make a caller fail that worked before, the generated client among them. */
  readonly breaking: string[];
  readonly harmless: string[];
}

/** A JSON Schema as the OpenAPI document has it, or any other object of the document. */
export type Json = Readonly<Record<string, unknown>>;
/** What callers send may be asked for less strictly, what they are answered only more strictly. */
export type Direction = 'sent' | 'answered';

/** Says nothing about what is valid. */
const ANNOTATIONS = new Set(['description', 'title', 'example', 'examples', 'default', 'deprecated']);
const UPPER = ['maximum', 'maxLength', 'maxItems', 'maxProperties'];
const LOWER = ['minimum', 'minLength', 'minItems', 'minProperties'];
const UNIONS = ['anyOf', 'oneOf', 'allOf'];
const HANDLED = new Set([
  ...['$ref', 'type', 'enum', 'required', 'properties', 'items', 'additionalProperties', 'pattern', 'uniqueItems'],
  'format',
  ...ANNOTATIONS,
  ...UPPER,
  ...LOWER,
  ...UNIONS,
]);

/** Compares the schemas of two documents. A difference that it has no rule for counts as breaking. */
export class SchemaComparison {
  readonly #seen = new Set<string>();

  constructor(
    private readonly documents: { readonly before: Json; readonly after: Json },
    private readonly changes: Changes,
  ) {}

  compare(before: unknown, after: unknown, where: string, direction: Direction): void {
    const pair = `${refOf(before)} ${refOf(after)} ${direction}`;
    // Said once, at the first place that uses it; it also ends circles.
    if (refOf(before) !== '' && this.#seen.has(pair)) return;
    this.#seen.add(pair);
    const [old, now] = [resolved(this.documents.before, before), resolved(this.documents.after, after)];
    this.#values(old, now, where, direction);
    if (direction === 'sent') this.#limits(old, now, where);
    this.#members(old, now, where, direction);
    for (const union of UNIONS) this.#union(old[union], now[union], where, direction);
    if (old.items !== undefined && now.items !== undefined) this.compare(old.items, now.items, `${where}[]`, direction);
    for (const keyword of new Set([...Object.keys(old), ...Object.keys(now)])) {
      if (same(old[keyword], now[keyword])) continue;
      const known = HANDLED.has(keyword) && !(keyword === 'items' && (!old.items || !now.items));
      if (!known) this.changes.breaking.push(`${where}: ${keyword} has changed`);
      // What is sent is checked against it.
      else if (keyword === 'format' && direction === 'sent') this.changes.breaking.push(`${where}: format has changed`);
      else if (ANNOTATIONS.has(keyword) || keyword === 'format')
        this.changes.harmless.push(`${where}: ${keyword} has changed`);
    }
  }

  /** `type` and `enum`. */
  #values(old: Json, now: Json, where: string, direction: Direction): void {
    const [wide, narrow, verb] =
      direction === 'sent' ? ([now, old, 'takes'] as const) : ([old, now, 'may now be'] as const);
    const no = direction === 'sent' ? ' no more' : '';
    const types = { wide: typesOf(wide), narrow: typesOf(narrow) };
    for (const type of types.narrow)
      if (types.wide.size > 0 && !types.wide.has(type)) this.changes.breaking.push(`${where} ${verb} ${type}${no}`);
    if (types.narrow.size === 0 && types.wide.size > 0)
      this.changes.breaking.push(`${where}: its type ${direction === 'sent' ? 'is limited now' : 'is open now'}`);
    if (!Array.isArray(wide.enum)) return;
    // Callers must bear new values of answers: docs/guides/cli.md says so.
    const told = direction === 'sent' ? this.changes.breaking : this.changes.harmless;
    if (!Array.isArray(narrow.enum)) this.changes.breaking.push(`${where}: its values have become others`);
    else
      for (const value of narrow.enum)
        if (!wide.enum.includes(value)) told.push(`${where} ${verb} "${String(value)}"${no}`);
  }

  #limits(old: Json, now: Json, where: string): void {
    const stricter = (keyword: string, sign: 1 | -1): boolean => {
      const [was, is] = [old[keyword], now[keyword]];
      return typeof is === 'number' && (typeof was !== 'number' || sign * (was - is) > 0);
    };
    for (const keyword of UPPER) if (stricter(keyword, 1)) this.changes.breaking.push(`${where}: ${keyword} is lower`);
    for (const keyword of LOWER)
      if (stricter(keyword, -1)) this.changes.breaking.push(`${where}: ${keyword} is higher`);
    for (const keyword of ['pattern', 'uniqueItems'])
      if (now[keyword] && !same(old[keyword], now[keyword])) this.changes.breaking.push(`${where}: ${keyword} is new`);
  }

  #members(old: Json, now: Json, where: string, direction: Direction): void {
    const [had, has] = [record(old.properties), record(now.properties)];
    const [hadTo, hasTo] = [names(old.required), names(now.required)];
    for (const [name, schema] of Object.entries(had)) {
      if (name in has) this.compare(schema, has[name], `${where}.${name}`, direction);
      else this.changes.breaking.push(`${where}.${name} is gone`);
    }
    for (const name of Object.keys(has)) if (!(name in had)) this.changes.harmless.push(`${where}.${name} is new`);
    if (direction === 'sent') {
      for (const name of hasTo)
        if (!hadTo.includes(name)) this.changes.breaking.push(`${where}.${name} must be sent now`);
    } else
      for (const name of hadTo)
        if (name in has && !hasTo.includes(name)) this.changes.breaking.push(`${where}.${name} may be missing now`);
    const [wasOpen, isOpen] = [old.additionalProperties, now.additionalProperties];
    if (typeof wasOpen === 'object' && typeof isOpen === 'object')
      this.compare(wasOpen, isOpen, `${where}.*`, direction);
    else if (!same(wasOpen, isOpen)) this.changes.breaking.push(`${where}: additionalProperties has changed`);
  }

  #union(old: unknown, now: unknown, where: string, direction: Direction): void {
    if (old === undefined && now === undefined) return;
    if (!Array.isArray(old) || !Array.isArray(now) || old.length !== now.length)
      this.changes.breaking.push(`${where}: its alternatives have changed`);
    else old.forEach((one, place) => this.compare(one, now[place], where, direction));
  }
}

/** Follows references inside the document. */
export function resolved(document: Json, value: unknown): Json {
  const reference = refOf(value);
  if (reference === '') return record(value);
  const path = reference.replace('#/', '').split('/');
  return resolved(
    document,
    path.reduce<unknown>((part, name) => record(part)[name.replaceAll('~1', '/').replaceAll('~0', '~')], document),
  );
}

export function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function refOf(value: unknown): string {
  const reference = record(value).$ref;
  return typeof reference === 'string' ? reference : '';
}

function names(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

/** A number may be a whole one. */
function typesOf({ type }: Json): ReadonlySet<string> {
  const types = (Array.isArray(type) ? type : type === undefined ? [] : [type]) as string[];
  return new Set(types.includes('number') ? [...types, 'integer'] : types);
}
