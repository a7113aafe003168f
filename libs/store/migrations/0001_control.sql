-- The control plane's own state. Owned by the migrator; the API and the worker log in as roles that own nothing.
create schema control;
grant usage on schema control to bulkhead_api, bulkhead_worker;

-- Published versions never change: what a tenant was promised must stay readable as it was promised.
create function control.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% on %.% is not allowed: rows there are final', tg_op, tg_table_schema, tg_table_name
    using errcode = 'restrict_violation';
end $$;

create table control.tiers (
  name text not null,
  version integer not null check (version > 0),
  digest text not null,
  spec jsonb not null,
  published_at timestamptz not null default now(),
  primary key (name, version)
);
create trigger tiers_final before update or delete on control.tiers
  for each row execute function control.refuse_change();

create table control.plans (
  name text not null,
  version integer not null check (version > 0),
  digest text not null,
  spec jsonb not null,
  published_at timestamptz not null default now(),
  primary key (name, version)
);
create trigger plans_final before update or delete on control.plans
  for each row execute function control.refuse_change();

create table control.plan_modules (
  plan_name text not null,
  plan_version integer not null,
  module text not null,
  primary key (plan_name, plan_version, module),
  foreign key (plan_name, plan_version) references control.plans
);
create trigger plan_modules_final before update or delete on control.plan_modules
  for each row execute function control.refuse_change();

create table control.plan_quotas (
  plan_name text not null,
  plan_version integer not null,
  quota text not null,
  ceiling bigint not null check (ceiling >= 0),
  primary key (plan_name, plan_version, quota),
  foreign key (plan_name, plan_version) references control.plans
);
create trigger plan_quotas_final before update or delete on control.plan_quotas
  for each row execute function control.refuse_change();

create table control.partners (
  id text collate "C" primary key,
  parent_id text collate "C" references control.partners,
  slug text not null unique,
  name text not null,
  created_at timestamptz not null default now()
);

create table control.tenants (
  id text collate "C" primary key,
  slug text collate "C" not null check (slug ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' and length(slug) between 3 and 63),
  name text not null check (length(name) between 1 and 200),
  region text not null,
  environment text not null check (environment in ('production', 'sandbox')),
  partner_id text collate "C" references control.partners,
  tier_name text not null,
  tier_version integer not null,
  plan_name text not null,
  plan_version integer not null,
  quantity integer not null check (quantity > 0),
  state text not null check (state in ('provisioning', 'active', 'abandoned')),
  created_at timestamptz not null default now(),
  activated_at timestamptz,
  foreign key (tier_name, tier_version) references control.tiers,
  foreign key (plan_name, plan_version) references control.plans
);
-- An abandoned onboarding leaves its record for the audit, and gives its slug back.
create unique index tenants_slug on control.tenants (slug) where state <> 'abandoned';

create table control.operations (
  id text collate "C" primary key,
  kind text not null,
  tenant_id text collate "C" references control.tenants,
  subject_id text collate "C" not null,
  state text not null check (state in
    ('queued', 'running', 'needs_attention', 'cancelling', 'compensating', 'succeeded', 'failed', 'cancelled')),
  input jsonb not null,
  result jsonb,
  error jsonb,
  requested_by text not null,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  check ((finished_at is not null) = (state in ('succeeded', 'failed', 'cancelled')))
);
-- One changing operation at a time: checked in the gate's transaction, so two requests cannot both pass.
create unique index operations_one_open_per_subject on control.operations (subject_id) where finished_at is null;
create index operations_by_tenant on control.operations (tenant_id, id);

create table control.operation_steps (
  operation_id text collate "C" not null references control.operations,
  name text not null,
  ordinal integer not null,
  state text not null check (state in ('pending', 'running', 'waiting', 'succeeded', 'failed', 'compensated')),
  attempt integer not null default 0,
  waiting_for text,
  detail text,
  error jsonb,
  started_at timestamptz,
  finished_at timestamptz,
  primary key (operation_id, name)
);

create table control.subscriptions (
  id text collate "C" primary key,
  tenant_id text collate "C" not null unique references control.tenants,
  plan_name text not null,
  plan_version integer not null,
  quantity integer not null check (quantity > 0),
  state text not null check (state in ('trial', 'active', 'past_due', 'suspended', 'cancelled')),
  billing_provider text,
  customer_ref text,
  subscription_ref text,
  invoice_schedule_ref text,
  created_at timestamptz not null default now(),
  foreign key (plan_name, plan_version) references control.plans
);

create table control.entitlements (
  tenant_id text collate "C" not null references control.tenants,
  feature text not null,
  kind text not null check (kind in ('module', 'quota')),
  ceiling bigint,
  source text not null,
  granted_at timestamptz not null default now(),
  primary key (tenant_id, feature),
  check ((kind = 'quota') = (ceiling is not null))
);

create table control.landing_zones (
  region text primary key,
  state text not null check (state in ('provisioning', 'active', 'failed')),
  spec jsonb not null,
  created_at timestamptz not null default now()
);

create table control.cells (
  id text collate "C" primary key,
  name text not null unique,
  region text not null,
  capacity integer not null check (capacity > 0),
  state text not null check (state in ('provisioning', 'active', 'failed')),
  spec jsonb not null,
  outputs jsonb,
  created_at timestamptz not null default now()
);

create table control.rosters (
  id text collate "C" primary key,
  cell_id text collate "C" not null references control.cells,
  ordinal integer not null check (ordinal > 0),
  unique (cell_id, ordinal)
);

create table control.bindings (
  id text collate "C" primary key,
  layer text not null check (layer in ('database', 'storage', 'key', 'queue')),
  isolation text not null check (isolation in ('shared', 'dedicated')),
  cell_id text collate "C" references control.cells,
  roster_id text collate "C" references control.rosters,
  stack_id text collate "C",
  tenant_id text collate "C" references control.tenants,
  state text not null check (state in ('reserved', 'ready', 'bound', 'retiring', 'retired')),
  outputs jsonb,
  created_at timestamptz not null default now(),
  retired_at timestamptz,
  check (case isolation
    when 'shared' then cell_id is not null and roster_id is not null and stack_id is null
    else stack_id is not null and roster_id is null end)
);
create index bindings_by_roster on control.bindings (roster_id) where state <> 'retired';
create index bindings_by_tenant on control.bindings (tenant_id);
-- A binding serves one tenant in its life.
create function control.binding_keeps_tenant() returns trigger language plpgsql as $$
begin
  if old.tenant_id is not null and new.tenant_id is distinct from old.tenant_id then
    raise exception 'binding % already served tenant %', old.id, old.tenant_id using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger bindings_keep_tenant before update on control.bindings
  for each row execute function control.binding_keeps_tenant();

create table control.placements (
  tenant_id text collate "C" not null references control.tenants,
  layer text not null,
  binding_id text collate "C" not null unique references control.bindings,
  epoch bigint not null check (epoch > 0),
  primary key (tenant_id, layer)
);
create function control.epoch_grows() returns trigger language plpgsql as $$
begin
  if new.epoch <= old.epoch then
    raise exception 'placement epoch of % % must grow past %', old.tenant_id, old.layer, old.epoch
      using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger placements_epoch_grows before update on control.placements
  for each row execute function control.epoch_grows();

create table control.idempotency_keys (
  principal text not null,
  key text not null check (length(key) between 1 and 255),
  request_hash text not null,
  answer jsonb not null,
  created_at timestamptz not null default now(),
  primary key (principal, key)
);

-- Written in the command's transaction, delivered at least once by the relay.
create table control.outbox (
  id bigint generated always as identity primary key,
  operation_id text collate "C" not null references control.operations,
  action text not null check (action in ('start', 'signal', 'cancel')),
  message jsonb not null,
  attempts integer not null default 0,
  last_error text,
  next_attempt_at timestamptz not null default now(),
  delivered_at timestamptz,
  created_at timestamptz not null default now()
);
create index outbox_waiting on control.outbox (next_attempt_at, id) where delivered_at is null;
create function control.outbox_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('bulkhead_outbox', '');
  return null;
end $$;
create trigger outbox_notify after insert on control.outbox
  for each statement execute function control.outbox_notify();

create table control.api_keys (
  id text collate "C" primary key,
  name text not null,
  digest bytea not null unique,
  roles text[] not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);

-- The API accepts wishes; only the worker records what became of them.
grant select on all tables in schema control to bulkhead_api, bulkhead_worker;
grant insert on control.tenants, control.operations, control.operation_steps, control.subscriptions, control.cells, control.landing_zones,
  control.partners, control.idempotency_keys, control.outbox, control.api_keys to bulkhead_api, bulkhead_worker;
grant update (state, finished_at, result, error) on control.operations to bulkhead_api, bulkhead_worker;
grant update (revoked_at) on control.api_keys to bulkhead_api;
grant insert on control.tiers, control.plans, control.plan_modules, control.plan_quotas, control.entitlements,
  control.rosters, control.bindings, control.placements to bulkhead_worker;
grant update on control.operation_steps, control.tenants, control.subscriptions, control.cells, control.landing_zones, control.bindings,
  control.placements, control.outbox to bulkhead_worker;
grant delete on control.placements, control.entitlements to bulkhead_worker;
