-- Proofs that tenants are kept apart: asked for by a command, carried out by an operation, never changed afterwards.
create table control.isolation_proofs (
  id           text collate "C" primary key,
  operation_id text collate "C" not null references control.operations,
  state        text not null check (state in ('running', 'green', 'findings', 'void', 'failed')),
  report       jsonb,
  -- SHA-256 of the report, and the note that signs it with the key of the audit log.
  digest       text,
  note         text,
  requested_by text not null,
  created_at   timestamptz not null default now(),
  finished_at  timestamptz,
  check ((report is null) = (digest is null) and (report is null) = (note is null)),
  check (state not in ('green', 'findings', 'void') or report is not null)
);

grant select on control.isolation_proofs to bulkhead_api, bulkhead_worker;
grant insert (id, operation_id, state, requested_by) on control.isolation_proofs to bulkhead_api, bulkhead_worker;
grant update (state, report, digest, note, finished_at) on control.isolation_proofs to bulkhead_worker;
