/** Stands for "known after apply" in a property (pulumi/sdk, go/common/resource/plugin/rpc.go `UnknownStringValue`). */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
/** Marks an object as a special value (pulumi/sdk, go/common/resource/sig/sig.go `Key`), and which one: a secret. */
const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';

/** What a Pulumi property can hold on the wire. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Properties = Readonly<Record<string, Json>>;

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Takes the secret marks off, nulls out, and tells which top-level properties held a secret anywhere inside. */
export function unwrapSecrets(properties: Properties): { values: Properties; secret: ReadonlySet<string> } {
  const secret = new Set<string>();
  const values: Record<string, Json> = {};
  for (const [name, wrapped] of Object.entries(properties)) {
    const value = unwrap(wrapped, () => secret.add(name));
    if (value !== null) values[name] = value;
  }
  return { values, secret };
}

function unwrap(value: Json, onSecret: () => void): Json {
  if (Array.isArray(value)) return value.map((item) => unwrap(item, onSecret));
  if (!isObject(value)) return value;
  if (value[SIGNATURE] === SECRET) {
    onSecret();
    return unwrap(value['value'] ?? null, onSecret);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unwrap(item, onSecret)]));
}

/** Marks the named properties as secrets, so that the engine encrypts them in the state. */
export function wrapSecrets(properties: Properties, secret: ReadonlySet<string>): Properties {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name,
      secret.has(name) ? { [SIGNATURE]: SECRET, value } : value,
    ]),
  );
}

/** Whether any part of the value is still unknown. */
export function hasUnknown(value: Json | undefined): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}

/** Deep equality that ignores the order of keys, and treats a missing key, null and undefined as the same. */
export function sameJson(left: Json | undefined, right: Json | undefined): boolean {
  if ((left ?? null) === (right ?? null)) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => sameJson(item, right[index]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => sameJson(left[key], right[key]));
}

/** A canonical text of a JSON value, for sorting what has no order of its own. */
export function canonicalText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${canonicalText(item)}`).join(',')}}`;
}
