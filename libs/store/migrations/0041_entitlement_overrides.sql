-- Agreed with one customer: a module granted or withheld, or the ceiling of a quota, whatever the plan says. Who set it and
-- why is in the audit log; one that was removed leaves nothing here.
create table control.entitlement_overrides (
  tenant_id text collate "C" not null references control.tenants,
  feature text not null,
  kind text not null check (kind in ('module', 'quota')),
  granted boolean,
  ceiling bigint check (ceiling >= 0),
  created_at timestamptz not null default now(),
  primary key (tenant_id, feature),
  check ((kind = 'module') = (granted is not null)),
  check ((kind = 'quota') = (ceiling is not null))
);

grant select on control.entitlement_overrides to bulkhead_api, bulkhead_worker;
grant insert, delete on control.entitlement_overrides to bulkhead_api;
-- What they make of the plan is written in the same transaction.
grant insert, delete on control.entitlements to bulkhead_api;
