import { BulkheadError } from '@bulkhead/kernel';
import { changesBetween, observedInputs, sameValue, unknownProperties, type Change } from './differences.js';
import { failureOf } from './failure.js';
import type { AnyResourceType, Connection } from './resource-type.js';
import { hasUnknown, UNKNOWN, type Json, type Properties } from './values.js';

/** Tag by which a resource is known to be ours. Programs always set it to the binding, cell or stack id. */
export const OWNERSHIP_TAG = 'bulkhead:id';

export interface Refusal {
  readonly property: string;
  readonly reason: string;
}

/** A resource was made, but could not be brought to the wanted values: the state must know it. */
export class HalfMade extends Error {
  readonly id: string;
  readonly properties: Properties;

  constructor(id: string, properties: Properties, cause: unknown) {
    super(`Made ${id}, but could not finish it`, { cause });
    this.name = 'HalfMade';
    this.id = id;
    this.properties = properties;
  }
}

/** Pulumi's Check: names every property that would otherwise be silently ignored. */
export function check<C>(
  type: AnyResourceType<C>,
  connection: Connection<C>,
  news: Properties,
): { inputs: Properties; refusals: readonly Refusal[] } {
  const inputs = connection.prepare?.(news, type) ?? news;
  const refusals = unknownProperties(type.rules, inputs).map(({ property, reason }) => ({
    property,
    reason: `property "${property}" of ${type.token} ${reason}`,
  }));
  for (const [property, rule] of Object.entries(type.rules)) {
    if (rule.required === true && inputs[property] === undefined) {
      refusals.push({ property, reason: `property "${property}" of ${type.token} is required` });
    }
  }
  if (refusals.length === 0) refusals.push(...(type.refuse?.(inputs) ?? []));
  return { inputs, refusals };
}

/** Pulumi's Diff. */
export function diff<C>(type: AnyResourceType<C>, before: Properties, after: Properties): readonly Change[] {
  return changesBetween(type.rules, before, after);
}

/** Outputs of a create or update that did not happen yet. */
export function preview<C>(type: AnyResourceType<C>, inputs: Properties, current?: Properties): Properties {
  const unknown = Object.fromEntries(type.computed.map((name) => [name, current?.[name] ?? UNKNOWN]));
  const tagsAll: Properties = type.computed.includes('tagsAll') ? { tagsAll: inputs['tags'] ?? {} } : {};
  return { ...unknown, ...inputs, ...tagsAll };
}

/**
 * Pulumi's Create, safe to repeat: a resource of this name that carries our tag is adopted and converged, one that
 * does not is an error.
 */
export async function create<C>(
  type: AnyResourceType<C>,
  connection: Connection<C>,
  inputs: Properties,
): Promise<{ id: string; state: Properties }> {
  const cloud = connection.cloud(inputs);
  const id = (await adopted(type, cloud, inputs)) ?? (await made(type, cloud, inputs));
  try {
    const current = await type.read(cloud, id, inputs);
    if (current === undefined) throw gone(type, inputs);
    const changed = changesAgainst(type, inputs, current);
    refuseReplacement(type, inputs, changed);
    if (changed.length > 0) await type.update(cloud, id, inputs, new Set(changed), current);
    return { id, state: changed.length > 0 ? await settled(type, cloud, id, inputs) : outputs(type, inputs, current) };
  } catch (error) {
    throw new HalfMade(id, outputs(type, inputs, {}), error);
  }
}

async function adopted<C>(type: AnyResourceType<C>, cloud: C, inputs: Properties): Promise<string | undefined> {
  const found = await type.find?.(cloud, inputs);
  if (found === undefined) return undefined;
  const tags = inputs['tags'] as Properties | undefined;
  const owner = tags?.[OWNERSHIP_TAG] as string | undefined;
  if (found.ours === true || (owner !== undefined && found.owner === owner)) return found.id;
  throw new BulkheadError({
    code: 'foreign_resource',
    status: 409,
    publicMessage: `${type.label(inputs)} exists already and is not tagged ${OWNERSHIP_TAG}=${owner ?? '(none given)'}.`,
    remediation: 'Find out whose it is; remove it, or tag it as owned and run again to adopt it.',
  });
}

async function made<C>(type: AnyResourceType<C>, cloud: C, inputs: Properties): Promise<string> {
  try {
    return await type.create(cloud, inputs);
  } catch (error) {
    // The call may have been carried out and only its answer lost; the SDK's own retry then meets "already exists".
    const id = await adopted(type, cloud, inputs).catch(() => undefined);
    if (id !== undefined) return id;
    throw error;
  }
}

function changesAgainst<C>(type: AnyResourceType<C>, inputs: Properties, current: Properties): readonly string[] {
  return Object.entries(type.rules)
    .filter(([name, rule]) => {
      if (rule.unobserved === true || (inputs[name] === undefined && rule.computed === true)) return false;
      return !sameValue(rule, inputs[name], current[name]);
    })
    .map(([name]) => name);
}

function refuseReplacement<C>(type: AnyResourceType<C>, inputs: Properties, changed: readonly string[]): void {
  const stuck = changed.filter((name) => type.rules[name]?.replaces === true);
  if (stuck.length === 0) return;
  throw new BulkheadError({
    code: 'adoption_conflict',
    status: 409,
    publicMessage: `${type.label(inputs)} exists already with another ${stuck.join(', ')}, which cannot be changed in place.`,
    remediation:
      'Give the program the values that the resource has, or remove the resource after checking what it holds.',
  });
}

function gone<C>(type: AnyResourceType<C>, inputs: Properties): BulkheadError {
  return new BulkheadError({
    code: 'resource_gone',
    status: 409,
    publicMessage: `${type.label(inputs)} could not be found.`,
    remediation: 'Something outside of Pulumi removed it: refresh the stack, then run again.',
  });
}

async function settled<C>(type: AnyResourceType<C>, cloud: C, id: string, inputs: Properties): Promise<Properties> {
  const current = await type.read(cloud, id, inputs);
  if (current === undefined) throw gone(type, inputs);
  return outputs(type, inputs, current);
}

/** What the cloud has, in the program's spelling where both mean the same. */
function outputs<C>(type: AnyResourceType<C>, inputs: Properties, current: Properties): Properties {
  const state: Record<string, Json> = {};
  for (const [name, value] of Object.entries({ ...current, ...inputs })) {
    const rule = type.rules[name];
    const given = inputs[name];
    const seen = current[name];
    state[name] =
      given !== undefined && (seen === undefined || (rule !== undefined && sameValue(rule, given, seen)))
        ? given
        : (seen ?? value);
  }
  return state;
}

/**
 * Pulumi's Update. Converges what the program changed and what is not as it should be: after a half-made create the
 * old and the new inputs are equal, and only a look at the resource tells what is missing.
 */
export async function update<C>(
  type: AnyResourceType<C>,
  connection: Connection<C>,
  id: string,
  inputs: { before: Properties; after: Properties },
): Promise<Properties> {
  const cloud = connection.cloud(inputs.after);
  const current = await type.read(cloud, id, inputs.after);
  if (current === undefined) throw gone(type, inputs.after);
  const changed = new Set([
    ...diff(type, inputs.before, inputs.after).map(({ property }) => property),
    ...changesAgainst(type, inputs.after, current).filter((name) => type.rules[name]?.replaces !== true),
  ]);
  await type.update(cloud, id, inputs.after, changed, { ...inputs.before, ...current });
  return settled(type, cloud, id, inputs.after);
}

/** Pulumi's Read: refresh when `known` is given, import when it is empty. Undefined: the resource is gone. */
export async function read<C>(
  type: AnyResourceType<C>,
  connection: Connection<C>,
  id: string,
  known: { inputs: Properties; state: Properties },
): Promise<{ inputs: Properties; state: Properties } | undefined> {
  const cloud = connection.cloud(known.inputs);
  const current = await type.read(cloud, id, { ...known.state, ...known.inputs });
  if (current === undefined) return undefined;
  const inputs = observedInputs(type.rules, known.inputs, current);
  return { inputs, state: outputs(type, inputs, current) };
}

/** One line for the person who runs the program: what failed, on which resource, and what to do. */
export function describeFailure<C>(type: AnyResourceType<C>, inputs: Properties, error: unknown): string {
  const cause = error instanceof HalfMade ? error.cause : error;
  const { code, message, remedy } = failureOf(cause);
  const name = Object.values(inputs).some(hasUnknown) ? type.token : type.label(inputs);
  return `${name}: ${code}: ${message} ${remedy}`;
}
