-- The audit log: leaves wait in the queue, one sequencer gives them their places in a Merkle tree (RFC 6962).

-- Written in the command's transaction. No lock, no counter that others wait for: order is given later.
create table control.audit_queue (
  id bigint generated always as identity primary key,
  -- The cast fails here, in the writer's transaction, for whatever the sequencer could not store later: one such
  -- leaf would otherwise stop the log for everybody.
  entry text not null check (jsonb_typeof(entry::jsonb) = 'object')
);

create table control.audit_leaves (
  index bigint primary key check (index >= 0),
  leaf_hash bytea not null check (octet_length(leaf_hash) = 32),
  -- RFC 8785 canonical JSON, byte for byte what leaf_hash covers. The columns below cannot differ from it; they are
  -- cut because an index refuses long values.
  entry text not null,
  entry_id text collate "C" generated always as (left((entry::jsonb) ->> 'id', 100)) stored,
  occurred_at text collate "C" generated always as (left((entry::jsonb) ->> 'occurredAt', 40)) stored,
  action text collate "C" generated always as (left((entry::jsonb) ->> 'action', 100)) stored,
  tenant_id text collate "C" generated always as (left((entry::jsonb) ->> 'tenantId', 100)) stored,
  operation_id text collate "C" generated always as (left((entry::jsonb) ->> 'operationId', 100)) stored
);
create index audit_leaves_by_id on control.audit_leaves (entry_id);
create index audit_leaves_by_tenant on control.audit_leaves (tenant_id, index);
create index audit_leaves_by_operation on control.audit_leaves (operation_id, index) where operation_id is not null;
create index audit_leaves_by_action on control.audit_leaves (action, index);

-- Complete subtrees from level 1 upwards; level 0 is leaf_hash.
create table control.audit_nodes (
  level smallint not null check (level > 0),
  index bigint not null check (index >= 0),
  hash bytea not null check (octet_length(hash) = 32),
  primary key (level, index)
);

-- One for each batch. Its size is the tree's size, so it is also where the next batch begins.
create table control.audit_checkpoints (
  size bigint primary key check (size > 0),
  root bytea not null check (octet_length(root) = 32),
  note text not null,
  signed_at timestamptz not null default now(),
  anchored_at timestamptz,
  anchor_ref text,
  check ((anchored_at is null) = (anchor_ref is null))
);
create index audit_checkpoints_waiting on control.audit_checkpoints (size) where anchored_at is null;

create function control.audit_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit log: % on % is not allowed', tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on control.audit_leaves
  for each statement execute function control.audit_refuse_change();
create trigger append_only before update or delete or truncate on control.audit_nodes
  for each statement execute function control.audit_refuse_change();
create trigger append_only before delete or truncate on control.audit_checkpoints
  for each statement execute function control.audit_refuse_change();
create trigger queue_keeps_entries before update or truncate on control.audit_queue
  for each statement execute function control.audit_refuse_change();

-- The one change that a checkpoint sees: it is anchored, once.
create function control.audit_anchor_once() returns trigger language plpgsql as $$
begin
  if old.anchored_at is not null or new.anchored_at is null
    or (new.size, new.root, new.note, new.signed_at) is distinct from (old.size, old.root, old.note, old.signed_at) then
    raise exception 'audit log: checkpoint % is final', old.size using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger anchor_once before update on control.audit_checkpoints
  for each row execute function control.audit_anchor_once();

grant insert (entry) on control.audit_queue to bulkhead_api, bulkhead_worker;
grant select on control.audit_leaves, control.audit_nodes, control.audit_checkpoints to bulkhead_api, bulkhead_worker;
-- The sequencer runs in the worker.
grant select, delete on control.audit_queue to bulkhead_worker;
grant insert (index, leaf_hash, entry) on control.audit_leaves to bulkhead_worker;
grant insert on control.audit_nodes to bulkhead_worker;
grant insert (size, root, note) on control.audit_checkpoints to bulkhead_worker;
grant update (anchored_at, anchor_ref) on control.audit_checkpoints to bulkhead_worker;
