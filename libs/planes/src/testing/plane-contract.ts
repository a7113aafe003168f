import type { Isolation, Layer, PlacedTenant, RetentionSpec } from '@bulkhead/domain';
import { newId, type BindingId } from '@bulkhead/kernel';
import type { PlaneClients } from '../clients.js';
import type { LayerPlane } from '../plane.js';
import { planesOf } from '../planes.js';

/** Real planes to run the contract against: a cell, and the dedicated layers of one tenant. */
export interface PlaneEngines {
  readonly clients: PlaneClients;
  /** A tenant whose layers exist and are all of this isolation; shared bindings are registered already. */
  place(isolation: Isolation): Promise<PlacedTenant>;
  /** What the registry that this placement is entered in knows of a binding, read behind the plane's back. */
  registry(
    placed: PlacedTenant,
    bindingId: BindingId,
  ): Promise<{ tenantId: string | null; dataKeys: number } | undefined>;
  /** Passwords that must appear in nothing that a plane tells. */
  secrets(placed: PlacedTenant): Promise<readonly string[]>;
}

/** What the planes of the test engines keep, at least. */
export const KEPT: RetentionSpec = { backupDays: 7, objectVersionDays: 30, logDays: 90 };

/** The one suite that every implementation of the port passes. */
export function describePlane(layer: Layer, isolation: Isolation, engines: () => PlaneEngines): void {
  describe(`a ${isolation} ${layer} plane`, () => {
    let placed: PlacedTenant;
    let plane: LayerPlane;
    let bindingId: BindingId;
    const entry = () => engines().registry(placed, bindingId);
    const planeOf = (tenant: PlacedTenant): LayerPlane => {
      const found = planesOf(tenant, engines().clients).get(layer);
      if (!found) throw new Error(`No ${layer} plane`);
      return found;
    };

    beforeAll(async () => {
      placed = await engines().place(isolation);
      plane = planeOf(placed);
      bindingId = placed.bindings.find((binding) => binding.layer === layer)?.bindingId as BindingId;
    });

    it('describes nothing that is not bound', async () => {
      await expect(plane.describe()).rejects.toMatchObject({ code: 'binding_not_found' });
    });

    it('names the tenant in its registry, once, however often it is bound', async () => {
      await plane.bind();
      const first = await entry();
      await plane.bind();
      expect(first).toEqual({ tenantId: placed.tenantId, dataKeys: layer === 'key' ? 1 : 0 });
      expect(await entry()).toEqual(first);
    });

    it('tells facts about what is really there, and no secret', async () => {
      const facts = await plane.describe();
      expect(Object.keys(facts).length).toBeGreaterThan(0);
      const passwords = await engines().secrets(placed);
      expect(passwords.length).toBeGreaterThan(0);
      for (const password of passwords) expect(JSON.stringify(facts)).not.toContain(password);
    });

    it('refuses another tenant, who can take nothing away either: a binding serves one in its life', async () => {
      const before = await entry();
      const stranger = planeOf({ ...placed, tenantId: newId('tenant') });
      await expect(stranger.bind()).rejects.toMatchObject({ code: 'binding_taken', retryable: false });
      await stranger.unbind();
      expect(await entry()).toEqual(before);
    });

    it('accepts the retention that it keeps, and refuses a longer one that it would have to keep', async () => {
      await expect(plane.applyRetention(KEPT)).resolves.toBeUndefined();
      const longer = plane.applyRetention({ backupDays: 35, objectVersionDays: 3650, logDays: 3650 });
      if (layer === 'database' || layer === 'storage') {
        await expect(longer).rejects.toMatchObject({ code: 'retention_not_met' });
      } else {
        await expect(longer).resolves.toBeUndefined();
      }
    });

    it('forgets the tenant when it is unbound, also twice, and can be bound again', async () => {
      await plane.unbind();
      await plane.unbind();
      expect((await entry())?.tenantId ?? null).toBeNull();
      await expect(plane.describe()).rejects.toMatchObject({ code: 'binding_not_found' });
      await plane.bind();
      expect(await entry()).toMatchObject({ tenantId: placed.tenantId });
    });
  });
}
