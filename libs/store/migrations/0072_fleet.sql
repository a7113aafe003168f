-- What Pulumi's state said of each stack when its last run ended, without any secret: what fleet previews start from.
-- They read it here and not in the state database, whose rows hold ciphertext and are locked while a stack is worked on.
create table control.fleet_stacks (
  stack text collate "C" primary key check (length(stack) between 1 and 200),
  -- Resources with secrets replaced, and how many changes were cut off.
  state jsonb not null,
  -- Of the specification and the code that the state was made from; null when the last run did not end well.
  applied_digest text,
  recorded_at timestamptz not null default now()
);
grant select on control.fleet_stacks to bulkhead_api;
grant select, insert, update, delete on control.fleet_stacks to bulkhead_worker;
