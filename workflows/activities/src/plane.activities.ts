import { RecordBound, RecordContextKey, type TenantDatabasePlace } from '@bulkhead/control';
import type { PlaneActivities } from '@bulkhead/definitions';
import { canonicalDigest, type Layer, type PlacedTenant } from '@bulkhead/domain';
import type { TenantId } from '@bulkhead/kernel';
import {
  ensureContextKey,
  homeOf,
  planesOf,
  renewContextKey,
  type ContextKeyRegister,
  type LayerPlane,
} from '@bulkhead/planes';
import { send, type Dependencies } from './dependencies.js';

/** Work inside the planes, once their resources exist. */
export function planeActivities(dependencies: Dependencies): PlaneActivities {
  return {
    async initialiseKeys({ tenantId }) {
      const planes = await planesOfTenant(dependencies, tenantId);
      for (const layer of ['key', 'storage', 'queue'] as const) await required(planes, layer).bind();
    },
    async prepareDatabase(call) {
      const placed = await dependencies.placements.placed(call.tenantId);
      await required(planesOf(placed, dependencies.planes), 'database').bind();
      await ensureKey(dependencies, placed);
      await send(dependencies, new RecordBound(call));
    },
    async unbindPlacement({ tenantId }) {
      const placed = await dependencies.placements.placedForDestruction(tenantId);
      for (const plane of planesOf(placed, dependencies.planes).values()) await plane.unbind();
    },
    async applyRetention({ tenantId }) {
      const { retention } = await dependencies.placements.placed(tenantId);
      const planes = await planesOfTenant(dependencies, tenantId);
      for (const plane of planes.values()) await plane.applyRetention(retention);
    },
    async describePlacement({ tenantId }) {
      const { bindings } = await dependencies.placements.placed(tenantId);
      const planes = await planesOfTenant(dependencies, tenantId);
      const observed = await Promise.all(
        bindings.map(async ({ bindingId, layer }) => {
          return { bindingId, layer, facts: await required(planes, layer).describe() };
        }),
      );
      const receipt = { tenantId, observedAt: new Date().toISOString(), bindings: observed };
      return { ...receipt, digest: canonicalDigest(receipt) };
    },
    renewContextKeys: () => renewKeys(dependencies),
  };
}

/** How long a context key signs. Contexts live for minutes: the one before it is not needed for longer than that. */
const CONTEXT_KEY_DAYS = 7;

/** @throws the first failure, when every home has had its turn. */
async function renewKeys(dependencies: Dependencies): Promise<{ renewed: number }> {
  const { planes, contextKeys, isolation, logger } = dependencies;
  const due = await contextKeys.signingSinceBefore(new Date(Date.now() - CONTEXT_KEY_DAYS * 86_400_000));
  const places = new Map<string, TenantDatabasePlace>(
    (await isolation.tenantDatabases()).map((place) => [place.home, place]),
  );
  const failures: unknown[] = [];
  let renewed = 0;
  for (const { home, id } of due) {
    const place = places.get(home);
    if (!place) continue;
    try {
      await renewContextKey(planes, { id: place.home, database: place.database }, registerOf(dependencies), id);
      renewed += 1;
    } catch (error) {
      logger.warn('A context key could not be renewed.', {
        host: place.database.host,
        port: place.database.port,
        error,
      });
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return { renewed };
}

/** The token service must be able to sign contexts for the database before anybody is served there. */
async function ensureKey(dependencies: Dependencies, placed: PlacedTenant): Promise<void> {
  const home = homeOf(placed);
  if (!home) throw new Error('The database layer has a plane and no home');
  await ensureContextKey(dependencies.planes, home, registerOf(dependencies));
}

function registerOf(dependencies: Dependencies): ContextKeyRegister {
  return {
    recipient: dependencies.contextRecipient,
    known: (id) => dependencies.contextKeys.ids(id),
    record: (key) => send(dependencies, new RecordContextKey(key)),
  };
}

async function planesOfTenant(dependencies: Dependencies, tenantId: TenantId): Promise<ReadonlyMap<Layer, LayerPlane>> {
  return planesOf(await dependencies.placements.placed(tenantId), dependencies.planes);
}

function required(planes: ReadonlyMap<Layer, LayerPlane>, layer: Layer): LayerPlane {
  const plane = planes.get(layer);
  if (plane) return plane;
  throw new Error(`The ${layer} layer has no place yet, although the steps before this one say so`);
}
