import { readFile, writeFile } from 'node:fs/promises';
import { createAutomation, programCode, type Automation } from '@bulkhead/automation';
import { startLocalCloud } from '@bulkhead/automation/testing/local-cloud';
import {
  LAYERS,
  parseTemplate,
  stackName,
  type CellOutputs,
  type Isolation,
  type ProgramRequest,
  type TierTemplate,
} from '@bulkhead/domain';
import {
  appliedDigest,
  dedicatedSpec,
  type FleetBinding,
  type FleetStack,
  type FleetTenant,
} from '@bulkhead/domain/fleet';
import { idHex, newId, type CellId, type Id, type IdKind, type RosterId } from '@bulkhead/kernel';

/** A small fleet whose states are those of real runs: a landing zone, a cell, a roster, and a tenant of each kind. */
export interface GeneratedFleet {
  readonly tiers: readonly { readonly name: string; readonly version: number; readonly digest: string }[];
  readonly tenants: readonly FleetTenant[];
  readonly stacks: readonly FleetStack[];
}

const region = 'us-east-1' as const;
const TEMPLATES = new URL('../../../../tenant-templates/tiers/', import.meta.url);

async function tierOf(name: string): Promise<{ body: TierTemplate; digest: string }> {
  return parseTemplate('tier', await readFile(new URL(`${name}.yaml`, TEMPLATES), 'utf8'), `tiers/${name}.yaml`);
}

/** Stands the fleet up on real engines, and takes them down again. Takes most of a minute. */
export async function generateFleet(): Promise<GeneratedFleet> {
  const cloud = await startLocalCloud();
  const automation = await createAutomation(cloud.config);
  try {
    return await standUp(automation);
  } finally {
    await automation.close();
    await cloud.stop();
  }
}

async function standUp(automation: Automation): Promise<GeneratedFleet> {
  const stacks: FleetStack[] = [];
  const up = async (request: ProgramRequest, tenantIds: FleetStack['tenantIds'] = []) => {
    const { state = null, outputs } = await automation.run({ request, action: 'up', operationId: newId('operation') });
    const digest = appliedDigest(request, programCode());
    stacks.push({
      stack: stackName(request),
      request,
      tenantIds,
      appliedDigest: digest,
      state,
      recordedAt: '2026-11-01T00:00:00.000Z',
    });
    return outputs;
  };
  await up({
    program: 'landing-zone',
    spec: { region, auditBucket: 'bh-audit', logBucket: 'bh-logs', auditLockDays: 1 },
  });
  const cellId = newId('cell');
  const retention = { backupDays: 35, objectVersionDays: 90, logDays: 2192 };
  const cellSpec = { cellId, region, retention, databaseClass: 'db.r7g.large', databaseGb: 200 };
  const cell = (await up({ program: 'cell', spec: cellSpec })) as unknown as CellOutputs;
  const rosterId = newId('roster');
  const tenants = await Promise.all(
    (['pooled', 'hybrid-database', 'dedicated'] as const).map(async (tier) =>
      tenantOf((await tierOf(tier)).body, cellId, rosterId),
    ),
  );
  const shared = tenants.flatMap(({ bindings }) => bindings.filter(({ isolation }) => isolation === 'shared'));
  const registrations = shared
    .map(({ bindingId, layer }) => ({ bindingId, layer }))
    .toSorted((a, b) => (a.bindingId < b.bindingId ? -1 : 1));
  await up(
    { program: 'roster', spec: { rosterId, cellId, region, cell, registrations } },
    tenants.slice(0, 2).map(({ id }) => id),
  );
  for (const tenant of tenants.slice(1)) {
    const tier = (await tierOf(tenant.tier.name)).body;
    await up({ program: 'dedicated-tenant', spec: specOf(tenant, tier, cell.keyArn) }, [tenant.id]);
  }
  const published = await Promise.all(['pooled', 'hybrid-storage', 'hybrid-database', 'dedicated'].map(tierOf));
  return {
    tenants,
    stacks,
    tiers: published.map(({ body: { name, version }, digest }) => ({ name, version, digest })),
  };
}

function tenantOf({ name, version, layers }: TierTemplate, cellId: CellId, rosterId: RosterId): FleetTenant {
  const stackId = newId('stack');
  const own = Object.values<Isolation>(layers).every((isolation) => isolation === 'dedicated');
  const bindings = LAYERS.map((layer): FleetBinding => {
    const isolation = layers[layer];
    const place =
      isolation === 'shared'
        ? { cellId, rosterId, stackId: null }
        : { cellId: own ? null : cellId, rosterId: null, stackId };
    return { bindingId: newId('binding'), layer, isolation, ...place };
  });
  return { id: newId('tenant'), slug: `sample-${name}`, region, tier: { name, version }, bindings };
}

function specOf(tenant: FleetTenant, tier: TierTemplate, keyArn: string) {
  const dedicated = tenant.bindings.filter(({ isolation }) => isolation === 'dedicated');
  const bindings = new Map(dedicated.map(({ layer, bindingId }) => [layer, bindingId]));
  const sharedKeyArn = bindings.has('key') ? undefined : keyArn;
  const place = { tenantId: tenant.id, region: tenant.region, stackId: dedicated[0]!.stackId!, bindings, sharedKeyArn };
  return dedicatedSpec(place, tier);
}

/** The fleet with each dedicated stack `times` times, each copy under ids of its own. */
export function multiplied(fleet: GeneratedFleet, times: number): GeneratedFleet {
  const copies = fleet.stacks
    .filter(({ request }) => request.program === 'dedicated-tenant')
    .flatMap((stack) => {
      const tenant = fleet.tenants.find(({ id }) => stack.tenantIds.includes(id))!;
      return Array.from({ length: times - 1 }, (_, at) => copyOf(stack, tenant, at + 1));
    });
  return {
    ...fleet,
    tenants: [...fleet.tenants, ...copies.map(({ tenant }) => tenant)],
    stacks: [...fleet.stacks, ...copies.map(({ stack }) => stack)],
  };
}

function copyOf(stack: FleetStack, tenant: FleetTenant, at: number): { stack: FleetStack; tenant: FleetTenant } {
  const { stackId } = (stack.request as Extract<ProgramRequest, { program: 'dedicated-tenant' }>).spec;
  const ids: [Id<IdKind>, IdKind][] = [
    [tenant.id, 'tenant'],
    [stackId, 'stack'],
    ...tenant.bindings
      .filter(({ isolation }) => isolation === 'dedicated')
      .map(({ bindingId }): [Id<IdKind>, IdKind] => [bindingId, 'binding']),
  ];
  let text = JSON.stringify({ stack, tenant: { ...tenant, slug: `${tenant.slug}-${at}` } });
  // The digits alone, because physical names are made of them.
  for (const [id, kind] of ids) text = text.replaceAll(idHex(id), idHex(newId(kind)));
  const copy = JSON.parse(text) as { stack: FleetStack; tenant: FleetTenant };
  return {
    tenant: copy.tenant,
    stack: { ...copy.stack, appliedDigest: appliedDigest(copy.stack.request, programCode()) },
  };
}

/** Writes the fleet as `bulkhead fleet bundle` does. */
export async function writeBundle(
  file: string,
  { tiers, tenants, stacks, approved = [] }: GeneratedFleet & { readonly approved?: readonly object[] },
): Promise<void> {
  const lines = [
    { kind: 'bulkhead-fleet', format: 1, createdAt: '2026-11-01T00:00:00.000Z', source: 'generated' },
    ...tiers.map((tier) => ({ kind: 'tier', ...tier })),
    ...tenants.map((tenant) => ({ kind: 'tenant', ...tenant })),
    ...approved.map((request) => ({ kind: 'approved-loss', ...request })),
    ...stacks.map((stack) => ({ kind: 'stack', ...stack })),
    { kind: 'end', tiers: tiers.length, tenants: tenants.length, stacks: stacks.length },
  ];
  await writeFile(file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
}
