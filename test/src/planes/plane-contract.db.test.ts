import { ISOLATIONS, LAYERS, physicalNames } from '@bulkhead/domain';
import { homeOf, planesOf } from '@bulkhead/planes';
import { describePlane } from '@bulkhead/planes/testing';
import { startPlaneEngines, type TestPlaneEngines } from './plane-engines.js';

let engines: TestPlaneEngines;

beforeAll(async () => {
  engines = await startPlaneEngines();
});
afterAll(() => engines?.stop());

for (const layer of LAYERS) for (const isolation of ISOLATIONS) describePlane(layer, isolation, () => engines);

describe.each(ISOLATIONS)('the home in a %s database', (isolation) => {
  const homes = 'select home, epoch::int from bulkhead.tenant_home where tenant_id = $1';

  it('is entered with the placement’s epoch, never goes back, and leaves with the tenant', async () => {
    const placed = await engines.place(isolation);
    const plane = planesOf(placed, engines.clients).get('database');
    const home = homeOf(placed)?.id;
    await plane?.bind();
    expect(await engines.sql(placed, homes, [placed.tenantId])).toEqual([{ home, epoch: 3 }]);
    await engines.sql(placed, 'update bulkhead.tenant_home set epoch = 9 where tenant_id = $1', [placed.tenantId]);
    await plane?.bind();
    expect(await engines.sql(placed, homes, [placed.tenantId])).toEqual([{ home, epoch: 9 }]);
    await plane?.unbind();
    expect(await engines.sql(placed, homes, [placed.tenantId])).toEqual([]);
  });

  it('is refused while its serving role could pass the walls', async () => {
    const placed = await engines.place(isolation);
    const plane = planesOf(placed, engines.clients).get('database');
    const { servingRole, ownerRole } = physicalNames(homeOf(placed)?.id ?? 'cel_');
    const dangers = [
      [`alter role ${servingRole} bypassrls`, `alter role ${servingRole} nobypassrls`],
      [`grant ${ownerRole} to ${servingRole}`, `revoke ${ownerRole} from ${servingRole}`],
    ] as const;
    for (const [make, mend] of dangers) {
      await engines.sql(placed, make);
      await expect(plane?.bind()).rejects.toMatchObject({ code: 'serving_role_unsafe' });
      await engines.sql(placed, mend);
    }
    expect(await engines.sql(placed, homes, [placed.tenantId])).toEqual([]);
    await expect(plane?.bind()).resolves.toBeUndefined();
  });
});
