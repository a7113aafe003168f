-- Where the cloud is not as the last runs left it: looked for by an operation, kept as one row for as long as it lasts.
create table control.drift_runs (
  id           text collate "C" primary key,
  operation_id text collate "C" not null references control.operations,
  -- Null for the whole fleet.
  tenant_id    text collate "C" references control.tenants,
  state        text not null check (state in ('running', 'finished', 'failed')),
  -- What became of each stack so far.
  stacks       jsonb not null default '[]',
  orphans      integer check (orphans >= 0),
  requested_by text not null,
  created_at   timestamptz not null default now(),
  finished_at  timestamptz,
  check ((finished_at is null) = (state = 'running'))
);

create table control.drift_findings (
  id            text collate "C" primary key,
  stack         text collate "C" not null check (length(stack) <= 200),
  kind          text not null check (kind in ('changed', 'gone', 'orphan')),
  type          text not null,
  resource      text collate "C" not null,
  name          text not null,
  owner         text,
  tenant_id     text collate "C" references control.tenants,
  layer         text,
  stateful      boolean not null,
  -- Secrets are masked before they come here.
  properties    jsonb not null,
  upshot        text not null check (upshot in ('create', 'update', 'replace', 'delete', 'same')),
  digest        text not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at  timestamptz not null,
  resolved_at   timestamptz,
  resolution    text check (resolution in ('gone', 'repaired', 'adopted')),
  check ((resolved_at is null) = (resolution is null))
);
-- The same drift found twice is one finding.
create unique index drift_findings_open on control.drift_findings (stack, resource) where resolved_at is null;
create index drift_findings_by_tenant on control.drift_findings (tenant_id, id);

grant select on control.drift_runs, control.drift_findings to bulkhead_api, bulkhead_worker;
grant insert (id, operation_id, tenant_id, state, requested_by) on control.drift_runs to bulkhead_api, bulkhead_worker;
grant update (state, stacks, orphans, finished_at) on control.drift_runs to bulkhead_worker;
grant insert (id, stack, kind, type, resource, name, owner, tenant_id, layer, stateful, properties, upshot, digest,
  last_seen_at, resolved_at, resolution) on control.drift_findings to bulkhead_worker;
grant update (kind, type, name, owner, tenant_id, layer, stateful, properties, upshot, digest, last_seen_at, resolved_at,
  resolution) on control.drift_findings to bulkhead_worker;

-- Remedies are change requests that say themselves what they ask for.
alter table control.change_requests
  drop constraint change_requests_kind_check,
  add constraint change_requests_kind_check
    check (kind in ('plan', 'placement', 'state-loss', 'drift-repair', 'drift-adopt'));
create unique index change_requests_one_open_remedy on control.change_requests ((document ->> 'findingId'))
  where closed_at is null and kind in ('drift-repair', 'drift-adopt');
