import { EntitlementEntity } from '@bulkhead/store';
import { callOf, startCommands, type Commands } from '../../commands.fixture.js';
import { GrantEntitlements } from './grant-entitlements.js';

describe('granting entitlements', () => {
  let commands: Commands;
  beforeAll(async () => {
    commands = await startCommands();
    await commands.addCell(10);
  });
  afterAll(() => commands.close());

  it('gives what the plan’s version holds for the quantity bought, no more and no less, however often', async () => {
    const call = callOf(await commands.createTenant('riverside', 'pooled', 'clinic-per-provider'));
    const left = {
      tenantId: call.tenantId,
      feature: 'analytics',
      kind: 'module' as const,
      ceiling: null,
      source: 'plan:older@1',
    };
    await commands.source.manager.insert(EntitlementEntity, left);
    const features = await commands.send(new GrantEntitlements(call));
    expect(await commands.send(new GrantEntitlements(call))).toEqual(features);
    const rows = await commands.source.manager.findBy(EntitlementEntity, { tenantId: call.tenantId });
    expect(rows.map(({ feature }) => feature).toSorted()).toEqual(features.toSorted());
    expect(features).not.toContain('analytics');
    expect(rows.find(({ feature }) => feature === 'providers')).toMatchObject({
      ceiling: '1',
      source: 'plan:clinic-per-provider@1',
    });
  });
});
