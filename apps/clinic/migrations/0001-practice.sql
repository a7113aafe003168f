-- Org units, patients and appointments. Run as the owner role.
--
-- Two walls stand in front of a row. The tenant's is bulkhead.protect: the context is signed, and nothing that a service
-- says can move it. The org unit's is inside the tenant, and is what the service says about the person whom it serves
-- (app.enter): it holds against a forgotten filter, and raises when a statement was not told for whom it runs.

CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA clinic;

-- The org unit that the rights of this transaction are limited to; NULL for the whole tenant.
--   CL001 nobody said whom the statement serves   CL002 the unit does not exist
CREATE FUNCTION app.unit_limit() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  unit text := coalesce(current_setting('clinic.unit', true), '');
BEGIN
  IF unit = '' THEN RAISE EXCEPTION 'it was not said whom the statement serves' USING ERRCODE = 'CL001'; END IF;
  RETURN nullif(unit, '*');
END $$;

-- The tenant that the context names; whether it may is for bulkhead.current_tenant() to say.
CREATE FUNCTION app.served_tenant() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  PERFORM app.unit_limit();
  RETURN split_part(current_setting('bulkhead.context', true), '.', 3);
END $$;

CREATE TABLE app.org_unit (
  tenant_id  text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL,
  parent_id  text COLLATE "C",
  name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  -- Ids from the root down to the unit itself. A unit never changes its place.
  lineage    text[] COLLATE "C" NOT NULL CHECK (lineage[cardinality(lineage)] = id),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, parent_id) REFERENCES app.org_unit (tenant_id, id),
  CONSTRAINT org_unit_depth CHECK (cardinality(lineage) <= 12)
);
CREATE INDEX org_unit_children ON app.org_unit (tenant_id, parent_id);
SELECT bulkhead.protect('app.org_unit');
-- The first part is always true or raises. As a second equality with tenant_id it becomes a filter that is asked once,
-- before any row is sought (bulkhead.protect has the reason): a scan that finds no row of the tenant would never look at
-- the rest, and answer nothing.
CREATE POLICY unit_floor ON app.org_unit AS RESTRICTIVE
  USING (tenant_id = (SELECT app.served_tenant())
         AND ((SELECT app.unit_limit()) IS NULL OR (SELECT app.unit_limit()) = ANY (lineage)));

-- Says for whom the transaction runs: the id of an org unit, or '*' for the whole tenant. A unit that does not exist is
-- an error, because the empty answer to everything could be read as "no allergies".
CREATE FUNCTION app.enter(unit text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('clinic.unit', unit, true);
  IF unit <> '*' AND NOT EXISTS (SELECT FROM app.org_unit u WHERE u.id = unit) THEN
    RAISE EXCEPTION 'there is no such org unit' USING ERRCODE = 'CL002';
  END IF;
END $$;

-- Limits a protected table to the units in reach, which are those that app.org_unit itself lets the statement see.
CREATE FUNCTION clinic.limit_to_units(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM bulkhead.protect(target);
  EXECUTE format('CREATE POLICY unit_floor ON %s AS RESTRICTIVE USING (tenant_id = (SELECT app.served_tenant()) '
    'AND ((SELECT app.unit_limit()) IS NULL OR unit_id = ANY (ARRAY(SELECT u.id FROM app.org_unit u))))', target);
END $$;

CREATE TABLE app.patient (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL,
  unit_id     text COLLATE "C" NOT NULL,
  family_name text NOT NULL CHECK (length(family_name) BETWEEN 1 AND 200),
  given_name  text NOT NULL CHECK (length(given_name) BETWEEN 1 AND 200),
  -- Lower-case family name, for search by prefix as a range: LIKE is not leakproof and would not use the index.
  search_name text COLLATE "C" NOT NULL,
  birth_date  date NOT NULL,
  -- Encrypted with the tenant's data key.
  national_id bytea,
  notes       bytea,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  -- For the tables below, whose rows are in the unit of their patient and move with it.
  UNIQUE (tenant_id, id, unit_id),
  FOREIGN KEY (tenant_id, unit_id) REFERENCES app.org_unit (tenant_id, id)
);
CREATE INDEX patient_by_name ON app.patient (tenant_id, search_name, id);
CREATE INDEX patient_by_unit ON app.patient (tenant_id, unit_id);
SELECT clinic.limit_to_units('app.patient');

CREATE TABLE app.appointment (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL,
  unit_id         text COLLATE "C" NOT NULL,
  patient_id      text COLLATE "C" NOT NULL,
  practitioner_id text COLLATE "C" NOT NULL CHECK (length(practitioner_id) BETWEEN 1 AND 200),
  during          tstzrange NOT NULL CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)
                                            AND NOT lower_inf(during) AND NOT upper_inf(during)),
  state           text NOT NULL DEFAULT 'booked' CHECK (state IN ('booked', 'cancelled')),
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, patient_id, unit_id) REFERENCES app.patient (tenant_id, id, unit_id) ON UPDATE CASCADE,
  -- Nobody is in two places at once, whatever unit the other place is in.
  CONSTRAINT appointment_free EXCLUDE USING gist (tenant_id clinic.gist_text_ops WITH =, practitioner_id clinic.gist_text_ops WITH =, during WITH &&)
    WHERE (state = 'booked')
);
CREATE INDEX appointment_by_patient ON app.appointment (tenant_id, patient_id, unit_id);
SELECT clinic.limit_to_units('app.appointment');

-- Requests that made something, so that one that is sent again makes nothing twice. Both columns are digests: neither the
-- key nor the body can be guessed from here.
CREATE TABLE app.request (
  tenant_id   text COLLATE "C" NOT NULL,
  subject     text COLLATE "C" NOT NULL,
  key_digest  bytea NOT NULL,
  body_digest bytea NOT NULL,
  -- What it made.
  made_id     text COLLATE "C" NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, subject, key_digest)
);
SELECT bulkhead.protect('app.request');
