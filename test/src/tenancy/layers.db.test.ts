import { ISOLATIONS, LAYERS, physicalNames } from '@bulkhead/domain';
import { waitFor } from '@bulkhead/kernel';
import { planesOf } from '@bulkhead/planes';
import { TenancyStage, type StagedTenant, type TenancyService } from './tenancy-stage.js';

let stage: TenancyStage;
let service: TenancyService;
const tenants: Record<string, StagedTenant> = {};

beforeAll(async () => {
  stage = await TenancyStage.start();
  for (const isolation of ISOLATIONS) tenants[isolation] = await stage.tenant(isolation);
  tenants['other'] = await stage.tenant('shared');
  tenants['hybrid'] = await stage.hybrid();
  service = await stage.service();
}, 300_000);
afterAll(() => stage?.stop());

const tenant = (name: string): StagedTenant => tenants[name] as StagedTenant;
const places = async ({ context }: StagedTenant) => {
  const found = await Promise.all(LAYERS.map((layer) => service.layers.find(context, layer)));
  return Object.fromEntries(found.map(({ layer, place }) => [layer, place]));
};

it('a pooled tenant is told its parts of the cell, and the role of the cell', async () => {
  const { placed } = tenant('shared');
  const { cellId, outputs } = placed.cell ?? {};
  const bindingOf = (layer: string) => placed.bindings.find((binding) => binding.layer === layer)?.bindingId ?? 'bnd_';
  const access = {
    roleArn: expect.stringMatching(`role/${physicalNames(cellId ?? 'cel_').role}$`),
    externalId: cellId,
  };
  expect(await places(tenant('shared'))).toEqual({
    database: {
      secretPrefix: `bulkhead/${cellId}/tenant/${bindingOf('database')}/`,
      keyArn: outputs?.keyArn,
      access,
    },
    storage: {
      bucket: outputs?.bucket,
      prefix: physicalNames(bindingOf('storage')).prefix,
      keyArn: outputs?.keyArn,
      access,
    },
    key: { keyArn: outputs?.keyArn, access },
    queue: {
      queueUrl: outputs?.queueUrl,
      deadLetterQueueUrl: outputs?.deadLetterQueueUrl,
      lane: physicalNames(bindingOf('queue')).lane,
      keyArn: outputs?.keyArn,
      access,
    },
  });
});

it('a dedicated tenant is told its own resources, and the role of its stack', async () => {
  const { placed } = tenant('dedicated');
  const { storage, key, queue } = placed.dedicated;
  const told = await places(tenant('dedicated'));
  expect(told).toMatchObject({
    storage: { bucket: storage?.bucket, prefix: null, keyArn: key?.keyArn },
    key: { keyArn: key?.keyArn },
    queue: { ...queue, lane: null },
  });
  for (const place of Object.values(told)) expect(place.access.externalId).toBe(placed.stackId);
});

it('a tenant of mixed placement is told both by its own home', async () => {
  const { placed } = tenant('hybrid');
  const told = await places(tenant('hybrid'));
  expect(told['database']).toMatchObject({ access: { externalId: placed.stackId } });
  for (const layer of ['storage', 'key', 'queue']) {
    expect(told[layer]).toMatchObject({ access: { externalId: placed.cell?.cellId } });
  }
});

it('no tenant is told where the layers of another are', async () => {
  const list = 'SELECT binding_id FROM tenancy.layers()';
  const { rows } = await service.databases.query(tenant('shared').context, list);
  expect(rows.map((row) => String(row['binding_id'])).toSorted()).toEqual(
    tenant('shared')
      .placed.bindings.map(({ bindingId }) => bindingId)
      .toSorted(),
  );
});

it('a tenant that has moved is told where its layers are at its new home, without waiting', async () => {
  const staged = await stage.tenant('shared');
  const { layers, table } = await stage.service();
  const { tenantId } = staged.placed;
  await layers.find(staged.context, 'storage');
  await stage.engines.sql(
    staged.placed,
    `with flip as (update bulkhead.tenant_home set epoch = 4 where tenant_id = $1)
     update bulkhead.tenant_layer set place = place || '{"bucket": "bh-new"}', epoch = 4
      where tenant_id = $1 and layer = 'storage'`,
    [tenantId],
  );
  stage.routes.set(tenantId, table.resolve(tenantId).home, 4);
  stage.routes.announce();
  await waitFor('the new route', () => table.resolve(tenantId).epoch === 4);
  expect(await layers.find(staged.context, 'storage')).toMatchObject({ epoch: 4, place: { bucket: 'bh-new' } });
});

it.each(['shared', 'hybrid'])(
  'nothing of a %s tenant stays in its home when its layers are unbound, nor comes back twice',
  async (kind) => {
    const { placed } = kind === 'hybrid' ? await stage.hybrid() : await stage.tenant('shared');
    const planes = planesOf(placed, stage.engines.clients);
    const settled = () =>
      stage.engines.sql(placed, 'select layer from bulkhead.tenant_layer where tenant_id = $1', [placed.tenantId]);
    expect(await settled()).toHaveLength(LAYERS.length);
    for (const plane of planes.values()) await plane.bind();
    expect(await settled()).toHaveLength(LAYERS.length);
    for (let twice = 0; twice < 2; twice++) for (const plane of planes.values()) await plane.unbind();
    expect(await settled()).toEqual([]);
    const named = 'select 1 from bulkhead.registration where tenant_id = $1';
    expect(await stage.engines.sql(placed, named, [placed.tenantId])).toEqual([]);
  },
);
