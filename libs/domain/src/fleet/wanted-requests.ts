import { createHash } from 'node:crypto';
import { idHex, type BindingId, type CellId, type StackId, type TenantId } from '@bulkhead/kernel';
import { LAYERS, type Layer } from '../placement/layers.js';
import { stackName, type CellOutputs, type ProgramRequest } from '../provisioning/specs.js';
import type { TierTemplate } from '../templates/template-types.js';
import type { FleetBinding, FleetTenant } from './fleet.js';
import { dedicatedSpec } from './placed-specs.js';

/** What a stack should become, were the given tiers published and every tenant brought to them. */
export interface WantedStack {
  readonly stack: string;
  /** Null when nothing of the stack would be left. */
  readonly request: ProgramRequest | null;
  readonly tenantIds: readonly TenantId[];
  /** What a reader must know, in sentences: layers that would have to move, and the like. */
  readonly notes: readonly string[];
}

export interface KnownStack {
  readonly stack: string;
  readonly request: ProgramRequest;
  readonly tenantIds: readonly TenantId[];
}

/** A tenant with the tier that it would get; the tier is undefined when the templates no longer have it. */
interface Target {
  readonly tenant: FleetTenant;
  readonly tier: TierTemplate | undefined;
}

/**
 * The stacks of the fleet as the tiers would have them, sorted by name. A layer that a tier states otherwise than the
 * tenant has it is shown as if it had moved: what is taken from a stack shows as deleted, what is new as created.
 * @param tiers the newest version of each tier, by name. A tenant of a tier that is missing keeps what it has.
 */
export function wantedStacks(
  stacks: readonly KnownStack[],
  tenants: readonly FleetTenant[],
  tiers: ReadonlyMap<string, TierTemplate>,
): readonly WantedStack[] {
  const targets = tenants.map((tenant): Target => ({ tenant, tier: tiers.get(tenant.tier.name) }));
  const cells = cellsOf(stacks);
  const dedicated = new Map(
    targets.flatMap((target) => dedicatedStack(target, cells) ?? []).map((wanted) => [wanted.stack, wanted]),
  );
  const leaving = leavingBindings(targets);
  const known = stacks.map((stack): WantedStack => {
    const { request } = stack;
    if (request.program === 'dedicated-tenant') return dedicated.get(stack.stack) ?? { ...stack, notes: [] };
    if (request.program === 'roster') return rosterStack(stack, request, leaving);
    return { ...stack, notes: [] };
  });
  const names = new Set(stacks.map(({ stack }) => stack));
  const fresh = [...dedicated.values()].filter(({ stack, request }) => !names.has(stack) && request !== null);
  return [...known, ...fresh].toSorted((a, b) => (a.stack < b.stack ? -1 : 1));
}

function cellsOf(stacks: readonly KnownStack[]): ReadonlyMap<CellId, CellOutputs> {
  const rosters = stacks.flatMap(({ request }) => (request.program === 'roster' ? [request.spec] : []));
  return new Map(rosters.map(({ cellId, cell }) => [cellId, cell]));
}

function isolationOf({ layer, isolation }: FleetBinding, tier: TierTemplate | undefined) {
  return tier?.layers[layer] ?? isolation;
}

function dedicatedStack({ tenant, tier }: Target, cells: ReadonlyMap<CellId, CellOutputs>): WantedStack | undefined {
  const present = tenant.bindings.filter(({ isolation }) => isolation === 'dedicated');
  if (tier === undefined) return undefined;
  const wanted = tenant.bindings.filter((binding) => isolationOf(binding, tier) === 'dedicated');
  if (present.length === 0 && wanted.length === 0) return undefined;
  const stackId = present[0]?.stackId ?? (placeholder('stk', tenant.id, 'stack') as StackId);
  const bindings = new Map(
    wanted.map(({ layer, isolation, bindingId }): [Layer, BindingId] => [
      layer,
      isolation === 'dedicated' ? bindingId : (placeholder('bnd', tenant.id, layer) as BindingId),
    ]),
  );
  const sharedKeyArn = bindings.has('key') ? undefined : sharedKey(tenant, cells);
  const place = { tenantId: tenant.id, region: tenant.region, stackId, bindings, sharedKeyArn };
  const request: ProgramRequest = { program: 'dedicated-tenant', spec: dedicatedSpec(place, tier) };
  const tenantIds = [tenant.id];
  const notes = moves(tenant, tier);
  return { stack: stackName(request), request: wanted.length === 0 ? null : request, tenantIds, notes };
}

/** Of its cell; a tenant that has none would get one, whose key nobody knows yet. */
function sharedKey(tenant: FleetTenant, cells: ReadonlyMap<CellId, CellOutputs>): string {
  const cellId = tenant.bindings.find((binding) => binding.cellId !== null)?.cellId;
  const known = cellId && cells.get(cellId)?.keyArn;
  return known || `arn:aws:kms:${tenant.region}:000000000000:key/of-a-cell-that-is-not-chosen-yet`;
}

function moves(tenant: FleetTenant, tier: TierTemplate): string[] {
  return LAYERS.flatMap((layer) => {
    const binding = tenant.bindings.find((candidate) => candidate.layer === layer);
    if (binding === undefined || binding.isolation === tier.layers[layer]) return [];
    return [
      `${tier.name}@${tier.version} states ${layer} ${tier.layers[layer]}, and ${tenant.slug} has it ${binding.isolation}: that takes a move.`,
    ];
  });
}

/** Shared bindings whose tier now states the layer dedicated, with the note that says so. */
function leavingBindings(targets: readonly Target[]): ReadonlyMap<BindingId, string> {
  return new Map(
    targets.flatMap(({ tenant, tier }) =>
      tenant.bindings
        .filter((binding) => binding.isolation === 'shared' && isolationOf(binding, tier) === 'dedicated')
        .map(({ bindingId, layer }): [BindingId, string] => [
          bindingId,
          `${tier?.name}@${tier?.version} states ${layer} dedicated: the registration of ${tenant.slug} would go.`,
        ]),
    ),
  );
}

function rosterStack(
  { stack, tenantIds }: KnownStack,
  request: Extract<ProgramRequest, { program: 'roster' }>,
  leaving: ReadonlyMap<BindingId, string>,
): WantedStack {
  const { spec } = request;
  const registrations = spec.registrations.filter(({ bindingId }) => !leaving.has(bindingId));
  const notes = spec.registrations.flatMap(({ bindingId }) => leaving.get(bindingId) ?? []);
  return { stack, request: { ...request, spec: { ...spec, registrations } }, tenantIds, notes };
}

/** An id for what does not exist yet: the same in every preview, so that previews can be compared. */
function placeholder(prefix: string, tenantId: TenantId, what: string): string {
  return `${prefix}_${createHash('sha256')
    .update(`${idHex(tenantId)}/${what}`)
    .digest('hex')
    .slice(0, 32)}`;
}
