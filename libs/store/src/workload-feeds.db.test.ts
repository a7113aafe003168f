import { newId, waitFor, type TenantId } from '@bulkhead/kernel';
import pg from 'pg';
import { startTestPostgres, type TestDatabase } from './testing/postgres.js';

let database: TestDatabase;
let admin: pg.Client;
let workload: pg.Client;
let tenant: TenantId;
const cell = newId('cell');

beforeAll(async () => {
  database = await startTestPostgres();
  admin = new pg.Client(database.superuserUrl);
  workload = new pg.Client(database.workloadUrl);
  await Promise.all([admin.connect(), workload.connect()]);
  const outputs = {
    database: {
      host: 'cell.internal',
      port: 5432,
      database: 'pool',
      masterSecretArn: 'arn:m',
      servingSecretArn: 'arn:s',
    },
  };
  await admin.query(
    `insert into control.tiers values ('pooled', 1, 'd', '{}'); insert into control.plans values ('clinic', 1, 'd', '{}')`,
  );
  await admin.query(
    `insert into control.cells (id, name, region, capacity, state, spec, outputs) values ($1, 'one', 'us-east-1', 9, 'active', '{}', $2)`,
    [cell, outputs],
  );
  await admin.query(`insert into control.rosters values ('rst_1', $1, 1)`, [cell]);
});
beforeEach(async () => {
  tenant = await addTenant(admin);
});
afterAll(async () => {
  await workload?.end();
  await admin?.end();
  await database?.stop();
});

async function addTenant(client: pg.Client): Promise<TenantId> {
  const id = newId('tenant');
  await client.query('begin');
  await client.query(
    `insert into control.tenants (id, slug, name, region, environment, tier_name, tier_version, plan_name, plan_version, quantity, state)
     values ($1, $2, 'T', 'us-east-1', 'production', 'pooled', 1, 'clinic', 1, 5, 'provisioning')`,
    [id, `t${id.slice(-20)}`],
  );
  await client.query(
    `insert into control.subscriptions (id, tenant_id, plan_name, plan_version, quantity, state) values ($1, $2, 'clinic', 1, 5, 'trial')`,
    [newId('subscription'), id],
  );
  await place(client, id, 1);
  await client.query('commit');
  return id;
}

/** A binding of its own in the cell for the first epoch, a database of its own for the later ones. */
async function place(client: pg.Client, id: TenantId, epoch: number): Promise<string> {
  const binding = newId('binding');
  const own = {
    host: `${binding}.internal`,
    port: 5433,
    database: 'own',
    masterSecretArn: 'arn:m2',
    servingSecretArn: 'arn:s2',
  };
  await client.query(
    `insert into control.bindings (id, layer, isolation, cell_id, roster_id, stack_id, tenant_id, state, outputs)
     values ($1, 'database', $2, $3, $4, $5, $6, 'bound', $7)`,
    epoch === 1
      ? [binding, 'shared', cell, 'rst_1', null, id, null]
      : [binding, 'dedicated', null, null, 'stk_1', id, own],
  );
  await client.query(
    `insert into control.placements values ($1, 'database', $2, $3)
     on conflict (tenant_id, layer) do update set binding_id = excluded.binding_id, epoch = excluded.epoch`,
    [id, binding, epoch],
  );
  return binding;
}

const activate = (client: pg.Client, id = tenant) =>
  client.query(`update control.tenants set state = 'active', activated_at = now() where id = $1`, [id]);
const grant = (client: pg.Client, feature: string, ceiling: number | null = null, id = tenant) =>
  client.query(`insert into control.entitlements values ($1, $2, $3, $4, 'plan:clinic@1')`, [
    id,
    feature,
    ceiling === null ? 'module' : 'quota',
    ceiling,
  ]);
const route = async (id = tenant) =>
  (await workload.query('select home, epoch::int, status from workload.route where tenant_id = $1', [id])).rows[0];
const entitled = async (id = tenant) =>
  (
    await workload.query(
      'select modules, quotas from workload.entitlement join workload.entitlement_set s on s.id = set_id where tenant_id = $1',
      [id],
    )
  ).rows[0];

describe('the route of a tenant', () => {
  it('appears when the tenant is activated, and not before', async () => {
    expect(await route()).toBeUndefined();
    await activate(admin);
    expect(await route()).toEqual({ home: cell, epoch: 1, status: 'active' });
  });

  it('follows suspension, maintenance, their ends, and the end of the placement', async () => {
    await activate(admin);
    const update = (set: string) => admin.query(`update control.tenants set ${set} where id = $1`, [tenant]);
    await update(`maintenance_since = now(), maintenance_message = 'Moving.'`);
    expect(await route()).toMatchObject({ status: 'maintenance' });
    await update(`state = 'suspended', suspended_at = now(), suspension_reason = 'unpaid'`);
    expect(await route()).toMatchObject({ status: 'suspended' });
    await update(
      `state = 'active', suspended_at = null, suspension_reason = null, maintenance_since = null, maintenance_message = null`,
    );
    expect(await route()).toMatchObject({ status: 'active' });
    await admin.query('delete from control.placements where tenant_id = $1', [tenant]);
    expect(await route()).toEqual({ home: cell, epoch: 1, status: 'gone' });
  });

  it('follows a move to a database of its own, and tells where that is', async () => {
    await activate(admin);
    const binding = await place(admin, tenant, 2);
    expect(await route()).toEqual({ home: binding, epoch: 2, status: 'active' });
    const { rows } = await workload.query('select * from workload.home where home = any($1) order by port', [
      [cell, binding],
    ]);
    expect(rows).toEqual([
      { home: cell, host: 'cell.internal', port: 5432, database: 'pool', serving_secret_arn: 'arn:s' },
      { home: binding, host: `${binding}.internal`, port: 5433, database: 'own', serving_secret_arn: 'arn:s2' },
    ]);
  });

  it('is right when a move and a suspension are committed at the same time', async () => {
    await activate(admin);
    const [other, holder] = [new pg.Client(database.superuserUrl), new pg.Client(database.superuserUrl)];
    await Promise.all([other.connect(), holder.connect()]);
    // Nobody can write the route until both have come as far as they can.
    await holder.query('begin');
    await holder.query('select from workload.route where tenant_id = $1 for update', [tenant]);
    await admin.query('begin');
    await other.query('begin');
    const binding = await place(admin, tenant, 2);
    await other.query(
      `update control.tenants set state = 'suspended', suspended_at = now(), suspension_reason = 'x' where id = $1`,
      [tenant],
    );
    const commits = Promise.all([admin.query('commit'), other.query('commit')]);
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await waitFor('both to wait', async () => (await holder.query(waiting)).rowCount === 2);
    await holder.query('commit');
    await commits;
    await Promise.all([other.end(), holder.end()]);
    expect(await route()).toEqual({ home: binding, epoch: 2, status: 'suspended' });
  });

  it('rings once when it has changed, not when something else of the tenant has', async () => {
    await activate(admin);
    let rung = 0;
    workload.on('notification', ({ channel }) => (rung += channel === 'workload_route' ? 1 : 0));
    await workload.query('listen workload_route');
    await admin.query(`update control.tenants set name = 'Other' where id = $1`, [tenant]);
    await admin.query(`update control.bindings set outputs = '{}' where tenant_id = $1`, [tenant]);
    const { rows: before } = await workload.query('select changed from workload.route where tenant_id = $1', [tenant]);
    await admin.query(`update control.tenants set maintenance_since = now(), maintenance_message = 'x' where id = $1`, [
      tenant,
    ]);
    const { rows: after } = await workload.query('select changed from workload.route where tenant_id = $1', [tenant]);
    await workload.query('select 1');
    expect(rung).toBe(1);
    expect(BigInt(after[0].changed)).toBeGreaterThan(BigInt(before[0].changed));
    await workload.query('unlisten *');
    workload.removeAllListeners('notification');
  });
});

describe('the entitlements of a tenant', () => {
  it('are those granted, from its activation on, in a set that tenants share', async () => {
    const second = await addTenant(admin);
    for (const id of [tenant, second]) {
      await grant(admin, 'scheduling', null, id);
      await grant(admin, 'storageGb', 100, id);
    }
    expect(await entitled()).toBeUndefined();
    await activate(admin);
    await activate(admin, second);
    expect(await entitled()).toEqual({ modules: ['scheduling'], quotas: { storageGb: 100 } });
    const { rows } = await workload.query(
      'select distinct set_id from workload.entitlement where tenant_id = any($1)',
      [[tenant, second]],
    );
    expect(rows).toHaveLength(1);
  });

  it('follow each grant and the state of the subscription, and a state that is not usable gives nothing', async () => {
    await activate(admin);
    await grant(admin, 'claims');
    expect(await entitled()).toMatchObject({ modules: ['claims'] });
    const subscription = (state: string) =>
      admin.query('update control.subscriptions set state = $2 where tenant_id = $1', [tenant, state]);
    await subscription('past_due');
    expect(await entitled()).toMatchObject({ modules: ['claims'] });
    for (const state of ['suspended', 'cancelled']) {
      await subscription(state);
      expect(await entitled()).toEqual({ modules: [], quotas: {} });
    }
    await subscription('active');
    await admin.query(`delete from control.entitlements where tenant_id = $1`, [tenant]);
    expect(await entitled()).toEqual({ modules: [], quotas: {} });
  });

  it('are none while the tenant is suspended', async () => {
    await activate(admin);
    await grant(admin, 'claims');
    await admin.query(
      `update control.tenants set state = 'suspended', suspended_at = now(), suspension_reason = 'x' where id = $1`,
      [tenant],
    );
    expect(await entitled()).toEqual({ modules: [], quotas: {} });
  });
});

describe('the login of services', () => {
  it('reads the four relations of its schema and no other relation of the database', async () => {
    const { rows } = await workload.query(
      `select c.oid::regclass::text as relation, p.privilege
         from pg_class c join pg_namespace n on n.oid = c.relnamespace, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) p(privilege)
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
          and (has_table_privilege(c.oid, p.privilege)
               or (p.privilege in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') and has_any_column_privilege(c.oid, p.privilege)))
        order by 1`,
    );
    expect(rows).toEqual(
      ['entitlement', 'entitlement_set', 'home', 'route'].map((name) => ({
        relation: `workload.${name}`,
        privilege: 'SELECT',
      })),
    );
    await expect(workload.query('select from control.tenants')).rejects.toMatchObject({ code: '42501' });
    await expect(workload.query(`update workload.route set status = 'active'`)).rejects.toMatchObject({
      code: '42501',
    });
  });

  it('uses no sequence, runs no function of ours, makes nothing and is a member of nothing', async () => {
    const { rows } = await workload.query(
      `select
         (select count(*)::int from pg_class c where case when relkind = 'S' then has_sequence_privilege(c.oid, 'USAGE, SELECT, UPDATE') end) as sequences,
         (select count(*)::int from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where n.nspname = 'workload' and has_function_privilege(p.oid, 'EXECUTE')) as functions,
         (select count(*)::int from pg_namespace n where n.nspname !~ '^pg_' and has_schema_privilege(n.oid, 'CREATE')) as schemas,
         (select count(*)::int from pg_auth_members where member = current_user::regrole) as memberships`,
    );
    expect(rows).toEqual([{ sequences: 0, functions: 0, schemas: 0, memberships: 0 }]);
  });
});
