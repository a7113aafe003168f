-- Sales: what is known of a customer, what is promised to it, who said yes, and what must not be destroyed.

create table control.eligibility_policies (
  name text not null,
  version integer not null check (version > 0),
  digest text not null,
  spec jsonb not null,
  published_at timestamptz not null default now(),
  primary key (name, version)
);
create table control.price_tables (
  name text not null,
  version integer not null check (version > 0),
  digest text not null,
  spec jsonb not null,
  published_at timestamptz not null default now(),
  primary key (name, version)
);

-- A fact is never corrected, only followed by a later one: what a decision was based on stays readable.
create table control.tenant_facts (
  id text collate "C" primary key,
  tenant_id text collate "C" not null references control.tenants,
  name text not null,
  value jsonb not null,
  source text not null check (length(source) between 1 and 500),
  observed_on date not null,
  recorded_by text not null,
  recorded_at timestamptz not null default now()
);
create index tenant_facts_by_tenant on control.tenant_facts (tenant_id, name, observed_on, id);

create table control.quotes (
  id text collate "C" primary key,
  tenant_id text collate "C" not null references control.tenants,
  document jsonb not null,
  -- SHA-256 of the document and its expiry as canonical JSON: what people approve.
  hash text not null check (hash ~ '^[0-9a-f]{64}$'),
  -- SHA-256 of the tenant's state that it starts from: when it has changed since, the quote is stale.
  basis text not null check (basis ~ '^[0-9a-f]{64}$'),
  expires_at timestamptz not null,
  created_by text not null,
  created_at timestamptz not null default now()
);
create index quotes_by_tenant on control.quotes (tenant_id, id);

create table control.change_requests (
  id text collate "C" primary key,
  tenant_id text collate "C" not null references control.tenants,
  quote_id text collate "C" not null references control.quotes,
  kind text not null check (kind in ('plan', 'placement')),
  state text not null check (state in
    ('pending', 'approved', 'scheduled', 'applying', 'applied', 'rejected', 'cancelled', 'expired')),
  reason text not null check (length(reason) between 1 and 500),
  contact_email text,
  approvals_needed integer not null check (approvals_needed between 1 and 2),
  requested_by text not null,
  -- The person behind requested_by: an API key is as good as the person who made it.
  requester text not null,
  -- SHA-256 of the secret in the customer's link.
  status_digest bytea not null unique check (octet_length(status_digest) = 32),
  operation_id text collate "C" references control.operations,
  -- Why the last attempt to apply it failed.
  failure jsonb,
  created_at timestamptz not null default now(),
  closed_at timestamptz,
  check ((closed_at is not null) = (state in ('applied', 'rejected', 'cancelled', 'expired')))
);
create index change_requests_by_tenant on control.change_requests (tenant_id, id);
create unique index change_requests_one_open on control.change_requests (tenant_id) where closed_at is null;

create table control.change_decisions (
  change_id text collate "C" not null references control.change_requests,
  person text not null,
  decided_by text not null,
  decision text not null check (decision in ('approve', 'reject')),
  quote_hash text not null,
  note text check (length(note) between 1 and 500),
  decided_at timestamptz not null default now(),
  primary key (change_id, person)
);

-- Messages to people and systems outside, promised in the command's transaction and sent at least once.
create table control.notifications (
  id text collate "C" primary key,
  tenant_id text collate "C" not null references control.tenants,
  channel text not null check (channel in ('webhook', 'email')),
  recipient text,
  message jsonb not null,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'given_up')),
  last_error text,
  created_at timestamptz not null default now(),
  check ((channel = 'email') = (recipient is not null))
);
create index notifications_waiting on control.notifications (next_attempt_at, id) where state = 'waiting';

create table control.legal_holds (
  id text collate "C" primary key,
  tenant_id text collate "C" not null references control.tenants,
  matter text not null check (length(matter) between 1 and 200),
  reason text not null check (length(reason) between 1 and 500),
  placed_by text not null,
  placed_at timestamptz not null default now(),
  released_by text,
  released_at timestamptz,
  release_reason text check (length(release_reason) between 1 and 500),
  check ((released_at is null) = (released_by is null)),
  check ((released_at is null) = (release_reason is null))
);
create index legal_holds_in_force on control.legal_holds (tenant_id) where released_at is null;

-- The floor under every check in code: whoever takes a placement down passes here. The hold's own command locks the
-- tenant's row, as taking down does, so neither can miss the other.
create function control.held_bindings_stay() returns trigger language plpgsql as $$
begin
  if exists (select from control.legal_holds where tenant_id = old.tenant_id and released_at is null) then
    raise exception 'binding % is under legal hold', old.id using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger bindings_held before update on control.bindings for each row
  when (new.state in ('retiring', 'retired') and old.state not in ('retiring', 'retired'))
  execute function control.held_bindings_stay();

-- First day of the present plan: the contract's first, or that of the last change.
alter table control.subscriptions add starts_on date;

create trigger eligibility_policies_final before update or delete on control.eligibility_policies
  for each row execute function control.refuse_change();
create trigger price_tables_final before update or delete on control.price_tables
  for each row execute function control.refuse_change();
create trigger tenant_facts_final before update or delete on control.tenant_facts
  for each row execute function control.refuse_change();
create trigger quotes_final before update or delete on control.quotes
  for each row execute function control.refuse_change();
create trigger change_decisions_final before update or delete on control.change_decisions
  for each row execute function control.refuse_change();

grant select on control.eligibility_policies, control.price_tables, control.tenant_facts, control.quotes,
  control.change_requests, control.change_decisions, control.notifications, control.legal_holds
  to bulkhead_api, bulkhead_worker;
grant insert on control.eligibility_policies, control.price_tables to bulkhead_worker;
grant insert on control.tenant_facts, control.quotes, control.change_requests, control.change_decisions,
  control.legal_holds to bulkhead_api;
grant insert on control.notifications to bulkhead_api, bulkhead_worker;
grant update (state, operation_id, failure, closed_at) on control.change_requests to bulkhead_api, bulkhead_worker;
grant update (released_by, released_at, release_reason) on control.legal_holds to bulkhead_api;
grant update (attempts, next_attempt_at, state, last_error) on control.notifications to bulkhead_worker;
