-- A stack whose run has ended well counts as applied only when its tenants are bound to it anew.
alter table control.fleet_plan_stacks drop constraint fleet_plan_stacks_state_check;
alter table control.fleet_plan_stacks
  add constraint fleet_plan_stacks_state_check check (state in ('begun', 'made', 'applied'));
