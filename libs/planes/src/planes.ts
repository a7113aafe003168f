import { LAYERS, physicalNames, type Layer, type PlacedTenant, type PlannedBinding } from '@bulkhead/domain';
import type { PlaneClients } from './clients.js';
import { DatabasePlane } from './database-plane.js';
import { KeyPlane } from './key-plane.js';
import type { Home, LayerPlane } from './plane.js';
import { placeOf } from './places.js';
import { QueuePlane, type QueueLocation } from './queue-plane.js';
import { SettledPlane } from './settled-plane.js';
import { StoragePlane, type StorageLocation } from './storage-plane.js';

/**
 * The planes of a placed tenant, one for each layer whose place exists. Shared layers are registered in their cell's
 * database; dedicated ones in the tenant's home, which is the cell's database when only that layer is shared.
 */
export function planesOf(placed: PlacedTenant, clients: PlaneClients): ReadonlyMap<Layer, LayerPlane> {
  const bindings = new Map(placed.bindings.map((binding) => [binding.layer, binding]));
  const planes = LAYERS.flatMap((layer) => {
    const binding = bindings.get(layer);
    const plane = binding && settledPlaneOf(placed, binding, clients);
    return plane ? [[layer, plane] as const] : [];
  });
  return new Map(planes);
}

/** The database that owns the tenant's writes, if it exists. */
export function homeOf({ bindings, cell, dedicated }: PlacedTenant): Home | undefined {
  const database = bindings.find(({ layer }) => layer === 'database');
  if (database?.isolation === 'shared') return cell ? { id: cell.cellId, database: cell.outputs.database } : undefined;
  return database && dedicated.database ? { id: database.bindingId, database: dedicated.database } : undefined;
}

function settledPlaneOf(placed: PlacedTenant, binding: PlannedBinding, clients: PlaneClients): LayerPlane | undefined {
  const { tenantId, cell } = placed;
  const shared = binding.isolation === 'shared';
  const home = homeOf(placed);
  const registry = shared ? cell && { id: cell.cellId, database: cell.outputs.database } : home;
  const place = placeOf(placed, binding);
  const plane = registry && planeOf(placed, binding, registry, clients);
  if (!plane || !home || !place) return plane ?? undefined;
  return new SettledPlane(clients, plane, { tenantId, binding, registry, home, place });
}

function planeOf(
  placed: PlacedTenant,
  binding: PlannedBinding,
  registry: Home,
  clients: PlaneClients,
): LayerPlane | undefined {
  const { tenantId, cell, dedicated } = placed;
  const shared = binding.isolation === 'shared';
  switch (binding.layer) {
    case 'database':
      return new DatabasePlane(clients, registry, tenantId, binding);
    case 'storage': {
      const location = storageLocation(placed, binding);
      return location && new StoragePlane(clients, registry, location, tenantId, binding);
    }
    case 'key': {
      const keyArn = shared ? cell?.outputs.keyArn : dedicated.key?.keyArn;
      return keyArn === undefined ? undefined : new KeyPlane(clients, registry, keyArn, tenantId, binding);
    }
    case 'queue': {
      const location = queueLocation(placed, binding);
      return location && new QueuePlane(clients, registry, location, tenantId, binding);
    }
  }
}

function storageLocation(
  { cell, dedicated }: PlacedTenant,
  { bindingId, isolation }: PlannedBinding,
): StorageLocation | undefined {
  if (isolation === 'dedicated') return dedicated.storage && { bucket: dedicated.storage.bucket, prefix: null };
  return cell ? { bucket: cell.outputs.bucket, prefix: physicalNames(bindingId).prefix } : undefined;
}

function queueLocation(
  { cell, dedicated }: PlacedTenant,
  { bindingId, isolation }: PlannedBinding,
): QueueLocation | undefined {
  if (isolation === 'dedicated') return dedicated.queue && { ...dedicated.queue, lane: null };
  if (!cell) return undefined;
  const { queueUrl, deadLetterQueueUrl } = cell.outputs;
  return { queueUrl, deadLetterQueueUrl, lane: physicalNames(bindingId).lane };
}
