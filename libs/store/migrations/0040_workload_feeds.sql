-- What the services of the workload plane may know of the control plane: where each tenant is served, and what it may
-- use. They log in as bulkhead_workload, read these relations, listen on two channels, and reach nothing else.
--
-- Rows say in `changed` which transaction wrote them last, so that a reader who missed notifications finds what it missed
-- (@bulkhead/tenancy, PostgresFeed). They are kept by triggers on the control plane's own tables: no command can forget
-- them. The triggers are deferred: they run at the end of the transaction, when its row locks are all held, take one lock
-- per tenant and only then look, so of two transactions that change one tenant the later sees what the earlier did.
create schema workload;

create table workload.route (
  tenant_id text collate "C" primary key,
  -- The database that owns the tenant's writes: a cell, or the binding of a dedicated one. See workload.home.
  home text collate "C" not null,
  epoch bigint not null check (epoch > 0),
  status text not null check (status in ('active', 'suspended', 'maintenance', 'gone')),
  changed xid8 not null
);
create index route_changed on workload.route (changed);

-- Most tenants share a plan, so they share a set. A set never changes: its id is the digest of what it holds.
create table workload.entitlement_set (
  id text collate "C" primary key,
  modules text[] not null,
  quotas jsonb not null
);

create table workload.entitlement (
  tenant_id text collate "C" primary key,
  set_id text collate "C" not null references workload.entitlement_set,
  changed xid8 not null
);
create index entitlement_changed on workload.entitlement (changed);

-- Where a home is, and where its serving login is kept; never the login, and nothing of the master's.
create view workload.home as
select id as home, outputs -> 'database' ->> 'host' as host, (outputs -> 'database' ->> 'port')::integer as port,
       outputs -> 'database' ->> 'database' as database, outputs -> 'database' ->> 'servingSecretArn' as serving_secret_arn
  from control.cells where outputs ? 'database'
union all
select id, outputs ->> 'host', (outputs ->> 'port')::integer, outputs ->> 'database', outputs ->> 'servingSecretArn'
  from control.bindings where layer = 'database' and isolation = 'dedicated' and state in ('ready', 'bound', 'retiring')
   and outputs is not null;

create function workload.lock_tenant(tenant text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$ select pg_advisory_xact_lock(hashtextextended(tenant, 7264121)) $$;

-- A tenant that never was in use has no row: to services it is a stranger.
create function workload.refresh_route(tenant text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare place record;
begin
  perform workload.lock_tenant(tenant);
  select coalesce(case b.isolation when 'shared' then b.cell_id else b.id end, r.home) as home, coalesce(p.epoch, r.epoch) as epoch,
         case when p.epoch is null or t.activated_at is null then 'gone'
              when t.state = 'suspended' then 'suspended'
              when t.state <> 'active' then 'gone'
              when t.maintenance_since is not null then 'maintenance'
              else 'active' end as status
    into place
    from control.tenants t
    left join control.placements p on p.tenant_id = t.id and p.layer = 'database'
    left join control.bindings b on b.id = p.binding_id
    left join workload.route r on r.tenant_id = t.id
   where t.id = tenant and (r.tenant_id is not null or (t.activated_at is not null and p.epoch is not null));
  if not found then return; end if;
  insert into workload.route as r (tenant_id, home, epoch, status, changed)
  values (tenant, place.home, place.epoch, place.status, pg_current_xact_id())
  on conflict (tenant_id) do update
    set home = excluded.home, epoch = excluded.epoch, status = excluded.status, changed = excluded.changed
    where (r.home, r.epoch, r.status) is distinct from (excluded.home, excluded.epoch, excluded.status);
  -- One lock of the database serialises the commits that notify. Routes change seldom; nothing busier may notify.
  if found then perform pg_notify('workload_route', ''); end if;
end $$;

-- Nothing unless tenant and subscription are in a state that lets them use it: a state that is new here gives nothing.
create function workload.refresh_entitlement(tenant text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare granted record; digest text;
begin
  perform workload.lock_tenant(tenant);
  if not exists (select from control.tenants t where t.id = tenant and t.activated_at is not null)
     and not exists (select from workload.entitlement e where e.tenant_id = tenant) then return; end if;
  select coalesce(array_agg(e.feature order by e.feature) filter (where e.kind = 'module'), '{}') as modules,
         coalesce(jsonb_object_agg(e.feature, e.ceiling) filter (where e.kind = 'quota'), '{}') as quotas
    into granted
    from control.entitlements e
    join control.tenants t on t.id = e.tenant_id and t.state = 'active' and t.activated_at is not null
    join control.subscriptions s on s.tenant_id = t.id and s.state in ('trial', 'active', 'past_due')
   where e.tenant_id = tenant;
  digest := encode(sha256(convert_to(jsonb_build_object('modules', granted.modules, 'quotas', granted.quotas)::text, 'UTF8')), 'hex');
  insert into workload.entitlement_set values (digest, granted.modules, granted.quotas) on conflict (id) do nothing;
  insert into workload.entitlement as e (tenant_id, set_id, changed) values (tenant, digest, pg_current_xact_id())
  on conflict (tenant_id) do update set set_id = excluded.set_id, changed = excluded.changed
    where e.set_id <> excluded.set_id;
  if found then perform pg_notify('workload_entitlement', ''); end if;
end $$;

-- Definers: the roles that send commands have no rights in this schema.
create function workload.tenant_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform workload.refresh_route(new.id);
  perform workload.refresh_entitlement(new.id);
  return null;
end $$;
create function workload.placement_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform workload.refresh_route(case tg_op when 'DELETE' then old.tenant_id else new.tenant_id end);
  return null;
end $$;
create function workload.grant_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform workload.refresh_entitlement(case tg_op when 'DELETE' then old.tenant_id else new.tenant_id end);
  return null;
end $$;
revoke all on all functions in schema workload from public;

create constraint trigger workload_follows after update on control.tenants
  deferrable initially deferred for each row
  when ((old.state, old.activated_at, old.maintenance_since) is distinct from (new.state, new.activated_at, new.maintenance_since))
  execute function workload.tenant_changed();
create constraint trigger workload_follows after insert or update or delete on control.placements
  deferrable initially deferred for each row execute function workload.placement_changed();
create constraint trigger workload_follows after insert or update or delete on control.entitlements
  deferrable initially deferred for each row execute function workload.grant_changed();
create constraint trigger workload_follows after insert or update or delete on control.subscriptions
  deferrable initially deferred for each row execute function workload.grant_changed();

-- Tenants that are in use already.
do $$
declare tenant text;
begin
  for tenant in select id from control.tenants where activated_at is not null order by id loop
    perform workload.refresh_route(tenant);
    perform workload.refresh_entitlement(tenant);
  end loop;
end $$;

grant usage on schema workload to bulkhead_workload;
grant select on workload.route, workload.home, workload.entitlement, workload.entitlement_set to bulkhead_workload;
