import { newId } from '@bulkhead/kernel';
import { LAYERS, type Isolation, type Layer } from '../placement/layers.js';
import type { CellOutputs, ProgramRequest, RosterSpec } from '../provisioning/specs.js';
import type { TierTemplate } from '../templates/template-types.js';
import type { FleetBinding, FleetTenant } from './fleet.js';
import { appliedDigest } from './placed-specs.js';
import { wantedStacks, type KnownStack } from './wanted-requests.js';

const region = 'us-east-1' as const;
const cellId = newId('cell');
const rosterId = newId('roster');
const stackId = newId('stack');
const retention = { backupDays: 35, objectVersionDays: 90, logDays: 400 };
const size = { instanceClass: 'db.t4g.medium', storageGb: 100 };
const tier = (dedicated: readonly Layer[], changes: Partial<TierTemplate> = {}): TierTemplate =>
  ({
    name: 'hybrid',
    version: 2,
    layers: Object.fromEntries(LAYERS.map((layer) => [layer, dedicated.includes(layer) ? 'dedicated' : 'shared'])),
    retention,
    ...(dedicated.includes('database') && { database: size }),
    ...changes,
  }) as TierTemplate;

const bindings = LAYERS.map((layer): FleetBinding => {
  const isolation: Isolation = layer === 'database' ? 'dedicated' : 'shared';
  const place = isolation === 'shared' ? { rosterId, stackId: null } : { rosterId: null, stackId };
  return { bindingId: newId('binding'), layer, isolation, cellId, ...place };
});
const tenant: FleetTenant = {
  id: newId('tenant'),
  slug: 'lakeside',
  region,
  tier: { name: 'hybrid', version: 1 },
  bindings,
};
const cell = { keyArn: 'arn:cell-key' } as CellOutputs;
const registrations = bindings
  .filter(({ isolation }) => isolation === 'shared')
  .map(({ bindingId, layer }) => ({ bindingId, layer }));
const foreign = { bindingId: newId('binding'), layer: 'key' as const };
const known: KnownStack[] = [
  {
    stack: `roster.${rosterId}`,
    request: {
      program: 'roster',
      spec: { rosterId, cellId, region, cell, registrations: [...registrations, foreign] },
    },
    tenantIds: [tenant.id],
  },
  {
    stack: `dedicated-tenant.${stackId}`,
    request: {
      program: 'dedicated-tenant',
      spec: {
        stackId,
        tenantId: tenant.id,
        region,
        retention,
        sharedKeyArn: cell.keyArn,
        database: { bindingId: bindings[0]!.bindingId, ...size },
      },
    },
    tenantIds: [tenant.id],
  },
];
const wanted = (tiers: readonly TierTemplate[], tenants = [tenant]) =>
  wantedStacks(known, tenants, new Map(tiers.map((one) => [one.name, one])));
const specOf = (program: ProgramRequest['program'], stacks: ReturnType<typeof wanted>) =>
  stacks.find(({ stack }) => stack.startsWith(program))?.request?.spec;

it('asks for what is there when the tier says what the tenants have', () => {
  const stacks = wanted([tier(['database'])]);
  expect(stacks.map(({ stack }) => stack)).toEqual(known.map(({ stack }) => stack).toSorted());
  for (const { stack, request } of stacks) {
    const before = known.find((one) => one.stack === stack)!.request;
    expect(appliedDigest(request!, 'code')).toBe(appliedDigest(before, 'code'));
  }
});

it('takes sizes and retention from the tier', () => {
  const larger = tier(['database'], { database: { instanceClass: 'db.r7g.large', storageGb: 400 } });
  expect(specOf('dedicated-tenant', wanted([larger]))).toMatchObject({
    database: { instanceClass: 'db.r7g.large', storageGb: 400 },
  });
});

it('shows a layer that becomes dedicated in the tenant’s stack, and its registration as gone, with the note that it takes a move', () => {
  const stacks = wanted([tier(['database', 'key'])]);
  const spec = specOf('dedicated-tenant', stacks);
  expect(spec).toMatchObject({ key: { bindingId: expect.stringMatching(/^bnd_[0-9a-f]{32}$/) } });
  expect(spec).not.toHaveProperty('sharedKeyArn');
  const left = (specOf('roster', stacks) as RosterSpec).registrations;
  expect(left).toHaveLength(registrations.length);
  expect(left).toContainEqual(foreign);
  expect(stacks.flatMap(({ notes }) => notes).join()).toMatch(/takes a move.*registration of lakeside would go/);
  expect(wanted([tier(['database', 'key'])])).toEqual(stacks);
});

it('says that a stack would be gone when none of its layers stays dedicated', () => {
  const stacks = wanted([tier([])]);
  expect(stacks.find(({ stack }) => stack.startsWith('dedicated'))?.request).toBeNull();
});

it('makes a stack for a tenant that had none', () => {
  const pooled = {
    ...tenant,
    bindings: bindings.map((one): FleetBinding => ({ ...one, isolation: 'shared', rosterId, stackId: null })),
  };
  const stacks = wantedStacks(known.slice(0, 1), [pooled], new Map([['hybrid', tier(['storage'])]]));
  expect(specOf('dedicated-tenant', stacks)).toMatchObject({
    tenantId: tenant.id,
    sharedKeyArn: cell.keyArn,
    storage: {},
  });
});

it('leaves tenants alone whose tier the templates do not have', () => {
  expect(wanted([]).map(({ request }) => request)).toEqual(expect.arrayContaining(known.map(({ request }) => request)));
});
