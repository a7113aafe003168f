-- Suspension and maintenance. Maintenance is a flag beside the state: a tenant may be suspended while it lasts.
alter table control.tenants drop constraint tenants_state_check;
alter table control.tenants
  add constraint tenants_state_check check (state in ('provisioning', 'active', 'suspended', 'abandoned')),
  add suspended_at timestamptz,
  add suspension_reason text check (length(suspension_reason) between 1 and 500),
  add maintenance_since timestamptz,
  add maintenance_message text check (length(maintenance_message) between 1 and 500),
  add maintenance_until timestamptz,
  add check ((state = 'suspended') = (suspended_at is not null)),
  add check ((suspended_at is null) = (suspension_reason is null)),
  add check ((maintenance_since is null) = (maintenance_message is null)),
  add check (maintenance_until is null or maintenance_since is not null);

grant update (state, suspended_at, suspension_reason, maintenance_since, maintenance_message, maintenance_until)
  on control.tenants to bulkhead_api;
