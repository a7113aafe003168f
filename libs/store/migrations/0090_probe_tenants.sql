-- Tenants that exist for the isolation proof only: two for each cell, whatever its capacity says, and never billed.
alter table control.tenants
  add column probe_of text collate "C" references control.cells,
  add constraint tenants_probes_are_no_customers check (probe_of is null or environment = 'sandbox');
create index tenants_probes on control.tenants (probe_of) where probe_of is not null;
