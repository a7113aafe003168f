import { Redacted } from '@bulkhead/kernel';
import { currentTenant, runWithTenant, type TenantContext } from './tenant-context.js';

const contextOf = (tenantId: string): TenantContext => ({
  tenantId,
  subject: { kind: 'person', id: 'usr_1' },
  roles: ['nurse'],
  tokenId: 't1',
  expiresAt: 4_000_000_000,
  token: new Redacted('canary-token'),
});

describe('the current tenant', () => {
  it('is an error outside of a tenant’s work, and not a tenant that may be anybody', () => {
    expect(() => currentTenant()).toThrow(expect.objectContaining({ code: 'no_tenant_context', status: 500 }));
  });

  it('follows awaits and stays apart in work that runs at the same time', async () => {
    const seen = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        runWithTenant(contextOf(`ten_${i}`), async () => {
          for (let hop = 0; hop < i % 7; hop++) await new Promise(setImmediate);
          return currentTenant().tenantId;
        }),
      ),
    );
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => `ten_${i}`));
    expect(() => currentTenant()).toThrow('without a tenant');
  });

  it('cannot be changed, and cannot be switched within', () => {
    runWithTenant(contextOf('ten_1'), () => {
      expect(() => Object.assign(currentTenant(), { tenantId: 'ten_2' })).toThrow(TypeError);
      expect(() => runWithTenant(contextOf('ten_2'), () => 1)).toThrow(
        expect.objectContaining({ code: 'tenant_switch' }),
      );
      expect(runWithTenant(contextOf('ten_1'), () => currentTenant().tenantId)).toBe('ten_1');
    });
  });

  it('does not print its token', () => {
    expect(JSON.stringify(contextOf('ten_1'))).not.toContain('canary');
  });
});
