-- Requests without a quote: what is asked for stands in the request itself, with its own hash and end.
alter table control.change_requests
  alter tenant_id drop not null,
  alter quote_id drop not null,
  alter status_digest drop not null,
  add document jsonb,
  -- SHA-256 of the document and its expiry as canonical JSON: what people approve.
  add hash text check (hash ~ '^[0-9a-f]{64}$'),
  add expires_at timestamptz,
  drop constraint change_requests_kind_check,
  add constraint change_requests_kind_check check (kind in ('plan', 'placement', 'state-loss')),
  add constraint change_requests_says_what check
    (num_nonnulls(document, hash, expires_at) = case when quote_id is null then 3 else 0 end),
  -- A shared stack has no tenant.
  add constraint change_requests_tenant check (tenant_id is not null or quote_id is null);
drop index control.change_requests_one_open;
create unique index change_requests_one_open on control.change_requests (tenant_id)
  where closed_at is null and kind in ('plan', 'placement');
alter table control.change_decisions rename quote_hash to hash;
alter table control.notifications alter tenant_id drop not null;

-- Plans of fleet previews that may be applied, as CI made them. A plan is named by its hash and never changes.
create table control.fleet_plans (
  hash text collate "C" primary key check (hash ~ '^sha256:[0-9a-f]{64}$'),
  plan jsonb not null,
  expires_at timestamptz not null,
  kept_by text not null,
  kept_at timestamptz not null default now()
);
create trigger fleet_plans_final before update or delete on control.fleet_plans
  for each row execute function control.refuse_change();

-- How far a plan is. Begun: every check has passed, and from here on the stack may have changed.
create table control.fleet_plan_stacks (
  plan_hash text collate "C" not null references control.fleet_plans,
  stack text collate "C" not null,
  operation_id text collate "C" not null references control.operations,
  state text not null check (state in ('begun', 'applied')),
  begun_at timestamptz not null default now(),
  applied_at timestamptz,
  primary key (plan_hash, stack),
  check ((applied_at is not null) = (state = 'applied'))
);

grant select on control.fleet_plans, control.fleet_plan_stacks to bulkhead_api, bulkhead_worker;
grant insert on control.fleet_plans to bulkhead_api;
grant insert on control.fleet_plan_stacks to bulkhead_worker;
grant update (operation_id, state, applied_at) on control.fleet_plan_stacks to bulkhead_worker;
