-- Time-boxed access of the vendor's people to a tenant: support with one approval, break-glass with two.
create table control.support_grants (
  id text collate "C" primary key,
  tenant_id text collate "C" not null references control.tenants,
  kind text not null check (kind in ('support', 'break-glass')),
  -- Subject of the tokens that it lets be issued: a person.
  person text not null,
  reason text not null check (length(reason) between 1 and 500),
  minutes integer not null check (minutes between 5 and 240),
  approvals_needed integer not null check (approvals_needed between 1 and 2),
  requested_at timestamptz not null default now(),
  -- Both are null until the last approval; from then on the clock runs.
  active_from timestamptz,
  active_until timestamptz,
  ended_by text,
  ended_at timestamptz,
  check ((active_from is null) = (active_until is null)),
  check ((ended_at is null) = (ended_by is null))
);
create index support_grants_by_tenant on control.support_grants (tenant_id, person, id);

create table control.support_approvals (
  grant_id text collate "C" not null references control.support_grants,
  person text not null,
  approved_at timestamptz not null default now(),
  primary key (grant_id, person)
);
create trigger support_approvals_final before update or delete on control.support_approvals
  for each row execute function control.refuse_change();

grant select, insert on control.support_grants, control.support_approvals to bulkhead_api;
grant update (active_from, active_until, ended_by, ended_at) on control.support_grants to bulkhead_api;
grant select on control.support_grants, control.support_approvals to bulkhead_worker;
