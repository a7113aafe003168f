-- What a tenant database knows of itself. Run as the owner role, once; the version is booked by the provider.

CREATE TABLE bulkhead.registration (
  binding_id text COLLATE "C" PRIMARY KEY,
  layer      text COLLATE "C" NOT NULL CHECK (layer IN ('database', 'storage', 'key', 'queue')),
  -- NULL on a warm slot. A binding serves one tenant in its life.
  tenant_id  text COLLATE "C",
  -- Where the binding's part of the shared layer is: prefix, lane, database or id of the wrapped key.
  locator    text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  bound_at   timestamptz,
  CHECK ((tenant_id IS NULL) = (bound_at IS NULL))
);
CREATE INDEX registration_tenant ON bulkhead.registration (tenant_id, layer) WHERE tenant_id IS NOT NULL;

-- Data keys, useless without the KMS key that wraps them. The highest version encrypts; all of them decrypt.
CREATE TABLE bulkhead.data_key (
  binding_id text COLLATE "C" NOT NULL REFERENCES bulkhead.registration ON DELETE CASCADE,
  version    integer NOT NULL CHECK (version > 0),
  wrapped    bytea NOT NULL,
  key_arn    text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (binding_id, version)
);

-- Which database owns the tenant's writes. One row for each tenant; its update is the flip of a move.
CREATE TABLE bulkhead.tenant_home (
  tenant_id text COLLATE "C" PRIMARY KEY,
  home      text COLLATE "C" NOT NULL,
  epoch     bigint NOT NULL CHECK (epoch > 0)
);

-- Nobody but the owner has rights here; without policies a right that is granted by mistake shows no row either.
ALTER TABLE bulkhead.registration ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulkhead.data_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulkhead.tenant_home ENABLE ROW LEVEL SECURITY;

-- The workload's tables.
CREATE SCHEMA app;
