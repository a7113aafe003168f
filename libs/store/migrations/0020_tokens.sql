-- The token service: what signs tenants' tokens, what signs database contexts, and which tokens are revoked.

-- ES256 keys. The private part is encrypted with a key that only the API process is given, and it is erased as soon as
-- the key signs no more; `next` is published long before it signs, so that verifiers know it already.
create table control.signing_keys (
  id text primary key,
  public_jwk jsonb not null,
  private_wrapped bytea,
  state text not null check (state in ('next', 'current', 'previous', 'retired')),
  created_at timestamptz not null default now(),
  promoted_at timestamptz,
  retired_at timestamptz,
  check ((private_wrapped is not null) = (state in ('next', 'current')))
);
create unique index signing_keys_one_of_each on control.signing_keys (state) where state <> 'retired';

-- HMAC keys of signed database contexts, by home (a cell or a binding). Made by the worker and sealed for the API: the
-- worker that writes a row here cannot read the others. The newest signs.
create table control.context_keys (
  home text collate "C" not null,
  id text collate "C" not null unique check (id ~ '^[a-z0-9]{1,16}$'),
  sealed bytea not null,
  added bigint not null generated always as identity,
  added_at timestamptz not null default now(),
  primary key (home, id)
);

-- One token, the tokens of a subject, or all tokens of a tenant up to a second.
create table control.token_revocations (
  id bigint generated always as identity primary key,
  tenant_id text collate "C" not null references control.tenants,
  token_id text collate "C",
  subject text,
  issued_up_to bigint,
  reason text not null check (length(reason) between 1 and 500),
  revoked_by text not null,
  revoked_at timestamptz not null default now(),
  -- No token that is meant can be valid after this.
  listed_until timestamptz not null,
  check ((token_id is null) = (issued_up_to is not null)),
  check (token_id is null or subject is null)
);
create index token_revocations_by_end on control.token_revocations (listed_until);
create index token_revocations_by_tenant on control.token_revocations (tenant_id, issued_up_to);

-- The worker has no business with signing keys; it may add context keys, and never change one.
grant select, insert, update on control.signing_keys to bulkhead_api;
grant select on control.context_keys to bulkhead_api, bulkhead_worker;
grant insert on control.context_keys to bulkhead_worker;
grant select, insert on control.token_revocations to bulkhead_api, bulkhead_worker;
