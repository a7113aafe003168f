import { BindingEntity, EntitlementEntity, SubscriptionEntity, TenantEntity } from '@bulkhead/store';
import { callOf, startCommands, type Commands } from '../../commands.fixture.js';
import { AbandonTenant, ActivateTenant } from './settle-tenant.js';

describe('the end of an onboarding', () => {
  let commands: Commands;
  beforeAll(async () => {
    commands = await startCommands();
    await commands.addCell(100);
  });
  afterAll(() => commands.close());

  const tenantOf = (id: string) =>
    commands.source.manager.findOneByOrFail(TenantEntity, { id: id as TenantEntity['id'] });

  it('does not open a tenant that lacks anything it was promised, and names what', async () => {
    const call = callOf(await commands.createTenant('riverside', 'pooled', 'clinic-per-provider'));
    const refusal = await commands.send(new ActivateTenant(call)).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'tenant_not_ready' });
    expect(String(refusal)).toMatch(/a bound placement, billing, entitlements/);
    expect(await tenantOf(call.tenantId)).toMatchObject({ state: 'provisioning', activatedAt: null });
  });

  it('gives the slug of an abandoned tenant back and leaves it nothing to use', async () => {
    const call = callOf(await commands.createTenant('lakeside', 'pooled', 'clinic-per-provider'));
    const { tenantId } = call;
    const module = { tenantId, feature: 'charting', kind: 'module' as const, ceiling: null, source: 'plan:test@1' };
    await commands.source.manager.insert(EntitlementEntity, module);
    await commands.send(new AbandonTenant(call));
    await commands.send(new AbandonTenant(call));
    expect(await tenantOf(tenantId)).toMatchObject({ state: 'abandoned' });
    expect(await commands.source.manager.countBy(EntitlementEntity, { tenantId })).toBe(0);
    expect(await commands.source.manager.findOneBy(SubscriptionEntity, { tenantId })).toMatchObject({
      state: 'cancelled',
    });
    await expect(commands.createTenant('lakeside', 'pooled', 'clinic-per-provider')).resolves.toBeDefined();
  });

  it('answers a repeated activation of a tenant that was suspended since, and can no longer abandon it', async () => {
    const call = callOf(await commands.createTenant('hillside', 'pooled', 'clinic-per-provider'));
    const at = new Date();
    const live = { state: 'suspended' as const, activatedAt: at, suspendedAt: at, suspensionReason: 'unpaid' };
    await commands.source.manager.update(TenantEntity, { id: call.tenantId }, live);
    await commands.send(new ActivateTenant(call));
    await expect(commands.send(new AbandonTenant(call))).rejects.toMatchObject({ code: 'tenant_handed_over' });
    expect(await tenantOf(call.tenantId)).toMatchObject({ state: 'suspended' });
  });

  it('does not open a tenant again that was abandoned', async () => {
    const call = callOf(await commands.createTenant('seaside', 'pooled', 'clinic-per-provider'));
    await commands.send(new AbandonTenant(call));
    await expect(commands.send(new ActivateTenant(call))).rejects.toMatchObject({ code: 'tenant_not_ready' });
    expect(await commands.source.manager.countBy(BindingEntity, { tenantId: call.tenantId })).toBe(0);
  });
});
