import { Column, Entity, PrimaryColumn, type EntityManager } from 'typeorm';
import { HandRoutes, contextFor, startTenantPlane, startTenantService, type TenantPlane } from '../testing/index.js';
import { TenantManagers } from './tenant-managers.js';

@Entity({ schema: 'app', name: 'note' })
class Note {
  @PrimaryColumn({ name: 'tenant_id', type: 'text' }) tenantId!: string;
  @PrimaryColumn({ type: 'int' }) id!: number;
  @Column({ type: 'text' }) body!: string;
}

let plane: TenantPlane;
let routes: HandRoutes;
let service: Awaited<ReturnType<typeof startTenantService>>;
let managers: TenantManagers;
const a = contextFor('ten_a');
const b = contextFor('ten_b');
const note = (tenantId: string, id: number) => Object.assign(new Note(), { tenantId, id, body: `of ${tenantId}` });

beforeAll(async () => {
  plane = await startTenantPlane('cel_1');
  await plane.settle('ten_a', 'ten_b');
  await plane.asOwner(
    `CREATE TABLE app.note (tenant_id text COLLATE "C", id int, body text, PRIMARY KEY (tenant_id, id)); SELECT bulkhead.protect('app.note')`,
  );
  routes = new HandRoutes();
  routes.set('ten_a', 'cel_1');
  routes.set('ten_b', 'cel_1');
  service = await startTenantService([plane], routes);
  managers = new TenantManagers(service.databases, { entities: [Note], connectionsPerHome: 1 });
});
afterAll(async () => {
  await managers?.close();
  await service?.stop();
  await plane?.stop();
});
const refusal = (code: string) => expect.objectContaining({ code });
const idsOf = (context: typeof a) =>
  managers.withTenant(context, async (m) => (await m.find(Note, { order: { id: 'ASC' } })).map(({ id }) => id));

describe('a tenant through TypeORM', () => {
  it('has its own rows, on a connection that serves both tenants', async () => {
    await managers.withTenant(a, (m) => m.save(note('ten_a', 1)));
    await managers.withTenant(b, (m) => m.save([note('ten_b', 1), note('ten_b', 2)]));
    expect(await idsOf(a)).toEqual([1]);
    expect(await idsOf(b)).toEqual([1, 2]);
    expect(await managers.withTenant(a, (m) => m.findOneBy(Note, { tenantId: 'ten_b', id: 1 }))).toBeNull();
    await expect(managers.withTenant(a, (m) => m.insert(Note, note('ten_b', 3)))).rejects.toThrow('row-level security');
  });

  it('rolls back what throws, also when a failed statement was ignored, and keeps nested transactions nested', async () => {
    await expect(
      managers.withTenant(a, async (m) => {
        await m.insert(Note, note('ten_a', 2));
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await expect(
      managers.withTenant(a, async (m) => {
        await m.insert(Note, note('ten_a', 3));
        await m.insert(Note, note('ten_a', 1)).catch(() => undefined);
      }),
    ).rejects.toThrow(refusal('transaction_aborted'));
    await managers.withTenant(a, async (m) => {
      await m.insert(Note, note('ten_a', 4));
      await m.transaction((nested) => nested.insert(Note, note('ten_a', 1))).catch(() => undefined);
    });
    expect(await idsOf(a)).toEqual([1, 4]);
  });

  it('stores nothing, and says so, when a nested transaction is left open, and lends it to no other tenant', async () => {
    const open = async (m: EntityManager, id: number) => {
      await m.insert(Note, note('ten_a', id));
      await m.queryRunner?.startTransaction();
    };
    await expect(managers.withTenant(a, (m) => open(m, 5))).rejects.toThrow(refusal('transaction_aborted'));
    await managers.withTenant(b, (m) => m.insert(Note, note('ten_b', 3)));
    const thrown = managers.withTenant(a, async (m) => {
      await open(m, 6);
      throw new Error('no');
    });
    await expect(thrown).rejects.toThrow('no');
    await managers.withTenant(b, (m) => m.insert(Note, note('ten_b', 4)));
    expect(await idsOf(a)).toEqual([1, 4]);
    expect(await idsOf(b)).toEqual([1, 2, 3, 4]);
  });

  it('leaves a manager of no use, and no context behind', async () => {
    const late = await managers.withTenant(a, async (m) => m);
    await expect(late.find(Note)).rejects.toThrow('released');
    const ended = managers.withTenant(b, async (m) => {
      await m.queryRunner?.commitTransaction();
      return m.find(Note);
    });
    await expect(ended).rejects.toThrow(refusal('tenant_context_refused'));
    expect(await idsOf(a)).toEqual([1, 4]);
  });

  it('reads only when told to, and is refused a stale route with a clear error', async () => {
    await expect(managers.withTenant(a, (m) => m.insert(Note, note('ten_a', 5)), { readOnly: true })).rejects.toThrow(
      'read-only',
    );
    await plane.asOwner(`UPDATE bulkhead.tenant_home SET epoch = 2 WHERE tenant_id = 'ten_a'`);
    await expect(managers.withTenant(a, (m) => m.insert(Note, note('ten_a', 6)))).rejects.toThrow(
      refusal('tenant_moved'),
    );
    routes.set('ten_a', 'cel_1', 2);
    expect(await managers.withTenant(a, (m) => m.count(Note), { idempotent: true })).toBe(2);
  });
});
