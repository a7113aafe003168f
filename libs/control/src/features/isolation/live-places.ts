import { physicalNames, type CellOutputs, type DedicatedTenantOutputs, type Layer } from '@bulkhead/domain';
import { idHex, type BindingId, type CellId, type StackId, type TenantId } from '@bulkhead/kernel';
import { BindingEntity, CellEntity, PlacementEntity, TenantEntity } from '@bulkhead/store';
import { In, type EntityManager } from 'typeorm';

/** A tenant of the proof, where it is served. */
export interface ProbeTenant {
  readonly tenantId: TenantId;
  readonly home: CellId;
  readonly epoch: number;
}

/** An active cell with its tenants of the proof, in the order of their names; fewer than two while some are missing. */
export interface ProbedCell {
  readonly cellId: CellId;
  readonly region: string;
  readonly outputs: CellOutputs;
  readonly probes: readonly ProbeTenant[];
  /** How many more are being onboarded. */
  readonly onboarding: number;
}

/** What belongs together under one access role: a cell's resources, or those of a stack of a tenant's own. */
export interface LivePlace {
  readonly id: CellId | StackId;
  readonly region: string;
  readonly role: string;
  readonly bindings: readonly { readonly bindingId: BindingId; readonly layer: Layer }[];
  readonly resources: DedicatedTenantOutputs;
  /** Under what names its tenants' own secrets lie: `bulkhead/<id>/tenant/`. */
  readonly secretsOf: CellId | BindingId | null;
  /** Key that encrypts its layers. */
  readonly keyArn: string;
}

/** Every active cell with the tenants that probe it. */
export async function probedCells(manager: EntityManager): Promise<ProbedCell[]> {
  const cells = await manager.find(CellEntity, { where: { state: 'active' }, order: { id: 'ASC' } });
  const tenants = await manager.find(TenantEntity, {
    where: { probeOf: In(cells.map(({ id }) => id)), state: In(['provisioning', 'active']) },
    order: { slug: 'ASC' },
  });
  const places = await manager.findBy(PlacementEntity, {
    tenantId: In(tenants.map(({ id }) => id)),
    layer: 'database',
  });
  const epochs = new Map(places.map(({ tenantId, epoch }) => [tenantId, Number(epoch)]));
  return cells.map(({ id, region, outputs }) => ({
    cellId: id,
    region,
    outputs: outputs as CellOutputs,
    probes: tenants
      .filter(
        ({ probeOf, state, maintenanceSince }) => probeOf === id && state === 'active' && maintenanceSince === null,
      )
      .map((tenant) => ({ tenantId: tenant.id, home: id, epoch: epochs.get(tenant.id) ?? 0 })),
    onboarding: tenants.filter(({ probeOf, state }) => probeOf === id && state === 'provisioning').length,
  }));
}

/** Every cell, and every stack with layers of a tenant's own, that serves or stands ready. */
export async function livePlaces(manager: EntityManager): Promise<LivePlace[]> {
  const cells = await manager.find(CellEntity, { where: { state: 'active' }, order: { id: 'ASC' } });
  const bindings = await manager.find(BindingEntity, {
    where: { state: In(['ready', 'bound']) },
    order: { id: 'ASC' },
  });
  const stacks = Map.groupBy(
    bindings.filter(({ stackId }) => stackId !== null),
    ({ stackId }) => stackId as StackId,
  );
  const keys = new Map(cells.map(({ id, outputs }) => [id, (outputs as CellOutputs).keyArn]));
  return [
    ...cells.map((cell) => placeOfCell(cell, bindings)),
    ...[...stacks].map(([id, own]) => placeOfStack(id, own, keys)),
  ];
}

function placeOfCell({ id, region, outputs }: CellEntity, bindings: readonly BindingEntity[]): LivePlace {
  const { database, bucket, keyArn, queueUrl, deadLetterQueueUrl } = outputs as CellOutputs;
  const { instance, role, keyAlias } = physicalNames(id);
  return {
    id,
    region,
    role,
    bindings: namesOf(bindings.filter(({ isolation, cellId }) => isolation === 'shared' && cellId === id)),
    resources: {
      database: { ...database, instance },
      storage: { bucket, arn: `arn:aws:s3:::${bucket}` },
      key: { keyArn, alias: keyAlias },
      queue: { queueUrl, deadLetterQueueUrl },
    },
    secretsOf: id,
    keyArn,
  };
}

function placeOfStack(
  id: StackId,
  bindings: readonly BindingEntity[],
  cellKeys: ReadonlyMap<CellId, string>,
): LivePlace {
  const outputs = bindings.filter((one) => one.outputs).map((one) => [one.layer, one.outputs]);
  const resources = Object.fromEntries(outputs) as DedicatedTenantOutputs;
  const [cellId] = bindings.flatMap((one) => one.cellId ?? []);
  const keyArn = resources.key?.keyArn ?? (cellId && cellKeys.get(cellId)) ?? '';
  return {
    id,
    region: keyArn.split(':')[3] ?? '',
    role: `bh-${idHex(id)}`,
    bindings: namesOf(bindings),
    resources,
    secretsOf: bindings.find(({ layer }) => layer === 'database')?.id ?? null,
    keyArn,
  };
}

const namesOf = (bindings: readonly BindingEntity[]) => bindings.map(({ id, layer }) => ({ bindingId: id, layer }));
