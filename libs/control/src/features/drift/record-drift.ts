import { findingDigest, type ComparedStack, type FoundDrift } from '@bulkhead/domain/drift';
import { isId, newId, type DriftRunId } from '@bulkhead/kernel';
import { BindingEntity, DriftFindingEntity, DriftRunEntity, TenantEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { In, IsNull, Not, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { Gated } from '../../gate/index.js';

export interface LookedAtStack extends Omit<ComparedStack, 'findings'> {
  readonly found: readonly FoundDrift[];
  /** Resources that are as the state says, and that the next run would change all the same: their finding stays. */
  readonly unsettled: readonly string[];
}

/** A search of one region for what nothing owns. */
export interface OrphanSweep {
  readonly region: string;
  /** Every orphan that there is there. */
  readonly orphans: readonly FoundDrift[];
  /** Resources that may be orphans, in stacks that are being worked on: their finding stays. */
  readonly unsettled: readonly string[];
}

export interface DriftRecord {
  readonly driftRunId: DriftRunId;
  readonly stacks: readonly LookedAtStack[];
  /** Absent when nobody searched. */
  readonly sweep?: OrphanSweep;
}

@Gated<RecordDrift, void>({
  name: 'drift.record',
  roles: ['workload'],
  audit: ({ record: { driftRunId, stacks, sweep } }) => ({
    subject: { kind: 'drift_run', id: driftRunId },
    details: {
      compared: stacks.filter(({ outcome }) => outcome === 'compared').length,
      notCompared: stacks.filter(({ outcome }) => outcome !== 'compared').map(({ stack }) => stack),
      findings: stacks.reduce((sum, { found }) => sum + found.length, 0),
      ...(sweep && { region: sweep.region, orphans: sweep.orphans.length }),
    },
  }),
})
export class RecordDrift extends Command<void> {
  constructor(readonly record: DriftRecord) {
    super();
  }
}

/**
 * Keeps what was found. What is open already is seen again, not found anew; what was not found any more in a stack that
 * was compared is resolved. Of a stack that was not, and of another region's orphans, nothing is concluded.
 */
@CommandHandler(RecordDrift)
export class RecordDriftHandler implements ICommandHandler<RecordDrift> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ record: { driftRunId: id, stacks, sweep } }: RecordDrift): Promise<void> {
    const { manager } = this.work;
    // Two runs may look at one stack at the same time, and the same drift found twice is one finding.
    await manager.query(`select pg_advisory_xact_lock(hashtextextended('drift findings', 0))`);
    const lock = { mode: 'pessimistic_write' } as const;
    const run = await manager.findOneOrFail(DriftRunEntity, { where: { id }, lock });
    for (const { stack, outcome, found, unsettled } of stacks) {
      if (outcome === 'compared')
        await settle(manager, { scope: { stack, kind: Not('orphan') }, region: null, found, unsettled });
    }
    if (sweep) await settle(manager, { ...sweep, scope: { kind: 'orphan' }, found: sweep.orphans });
    const names = new Set(stacks.map(({ stack }) => stack));
    const summary = stacks.map(({ stack, outcome, why, found }) => ({ stack, outcome, why, findings: found.length }));
    await manager.update(
      DriftRunEntity,
      { id },
      {
        stacks: [...run.stacks.filter(({ stack }) => !names.has(stack)), ...summary],
        ...(sweep && { orphans: sweep.orphans.length }),
      },
    );
  }
}

/** Whose it is, from the binding that it was made for; the tag of a tenant that never was here says nothing. */
async function placed(manager: EntityManager, found: readonly FoundDrift[]): Promise<readonly FoundDrift[]> {
  const owners = found.flatMap(({ owner }) => (isId('binding', owner) ? owner : []));
  const bindings = new Map(
    (await manager.findBy(BindingEntity, { id: In(owners) })).map((row) => [row.id as string, row]),
  );
  const named = found.flatMap(({ tenantId }) => tenantId ?? []);
  const tenants = new Set((await manager.findBy(TenantEntity, { id: In(named) })).map(({ id }) => id));
  return found.map((drift) => {
    const binding = drift.owner === null ? undefined : bindings.get(drift.owner);
    const tagged = drift.tenantId !== null && tenants.has(drift.tenantId) ? drift.tenantId : null;
    return { ...drift, tenantId: binding?.tenantId ?? tagged, layer: drift.layer ?? binding?.layer ?? null };
  });
}

interface Look extends Pick<LookedAtStack, 'found' | 'unsettled'> {
  readonly scope: FindOptionsWhere<DriftFindingEntity>;
  /** Where orphans were looked for. */
  readonly region: string | null;
}

async function settle(manager: EntityManager, { scope, region, found, unsettled }: Look): Promise<void> {
  const open = await manager.findBy(DriftFindingEntity, { ...scope, resolvedAt: IsNull() });
  const keyOf = ({ stack, resource }: Pick<FoundDrift, 'stack' | 'resource'>): string => `${stack} ${resource}`;
  const known = new Map(open.map((row) => [keyOf(row), row.id]));
  const lastSeenAt = new Date();
  for (const drift of await placed(manager, found)) {
    const id = known.get(keyOf(drift));
    known.delete(keyOf(drift));
    // Which finding it is never changes; what is said of it may.
    const { stack, resource, ...rest } = drift;
    const row = { ...rest, region, properties: [...rest.properties], digest: findingDigest(drift), lastSeenAt };
    if (id) await manager.update(DriftFindingEntity, { id }, row);
    else
      await manager.insert(DriftFindingEntity, {
        ...{ id: newId('driftFinding'), stack, resource, ...row },
        ...{ resolvedAt: null, resolution: null },
      });
  }
  const staying = new Set(unsettled);
  const rest = open.filter((row) => known.has(keyOf(row)) && (row.region ?? region) === region);
  const ids = (stays: boolean) =>
    In(rest.filter(({ resource }) => staying.has(resource) === stays).map(({ id }) => id));
  await manager.update(DriftFindingEntity, { id: ids(true) }, { lastSeenAt });
  await manager.update(DriftFindingEntity, { id: ids(false) }, { resolvedAt: lastSeenAt, resolution: 'gone' });
}
