-- Where a tenant's other layers are, its data keys, and the shared queue's lanes: for the workload, by signed context.
-- Run as the owner role.
--
-- The tables belong to the registry and nobody has a right to them. The workload calls the functions of schema `tenancy`,
-- which answer for the tenant of the context only. Like current_tenant() they raise without one.

CREATE TABLE bulkhead.tenant_layer (
  tenant_id  text COLLATE "C" NOT NULL,
  layer      text COLLATE "C" NOT NULL CHECK (layer IN ('database', 'storage', 'key', 'queue')),
  binding_id text COLLATE "C" NOT NULL REFERENCES bulkhead.registration ON DELETE CASCADE,
  epoch      bigint NOT NULL CHECK (epoch > 0),
  -- Names and addresses, as LayerPlaces of @bulkhead/domain says; never a credential.
  place      jsonb NOT NULL,
  PRIMARY KEY (tenant_id, layer)
);
ALTER TABLE bulkhead.tenant_layer ENABLE ROW LEVEL SECURITY;

-- Messages that processes have taken leave to encrypt. AES-GCM with random nonces is good for 2^32 under one key
-- (NIST SP 800-38D, section 8.3).
ALTER TABLE bulkhead.data_key ADD COLUMN messages bigint NOT NULL DEFAULT 0 CHECK (messages BETWEEN 0 AND 4294967296);

CREATE SCHEMA tenancy;
GRANT USAGE ON SCHEMA tenancy TO PUBLIC;

-- The tenant of the context, for a function that writes: after the fence, as for a table (0002, bulkhead.fence).
CREATE FUNCTION bulkhead.writing_tenant() RETURNS text LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenant text := split_part(current_setting('bulkhead.context', true), '.', 3);
BEGIN
  PERFORM pg_advisory_xact_lock_shared(bulkhead.fence_key(tenant));
  tenant := bulkhead.current_tenant();
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    PERFORM FROM bulkhead.tenant_home t WHERE t.tenant_id = tenant FOR SHARE;
  END IF;
  RETURN tenant;
END $$;

CREATE FUNCTION tenancy.layers() RETURNS TABLE (layer text, binding_id text, epoch bigint, place jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.current_tenant();
BEGIN
  RETURN QUERY SELECT l.layer, l.binding_id, l.epoch, l.place FROM bulkhead.tenant_layer l WHERE l.tenant_id = tenant;
END $$;

-- All data keys that the tenant ever had here: the newest of the key layer's binding encrypts, all of them decrypt.
CREATE FUNCTION tenancy.data_keys() RETURNS TABLE (binding_id text, version integer, wrapped bytea, key_arn text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.current_tenant();
BEGIN
  RETURN QUERY SELECT k.binding_id, k.version, k.wrapped, k.key_arn
    FROM bulkhead.data_key k JOIN bulkhead.registration r ON r.binding_id = k.binding_id
   WHERE r.tenant_id = tenant AND r.layer = 'key' ORDER BY k.binding_id, k.version;
END $$;

-- Leave to encrypt `wanted` messages more with a key; false when the key has none left.
CREATE FUNCTION tenancy.take_messages(binding text, key_version integer, wanted integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.writing_tenant();
BEGIN
  IF wanted IS NULL OR wanted < 1 OR wanted > 1048576 THEN
    RAISE EXCEPTION 'between 1 and 1048576 messages may be taken at once' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE bulkhead.data_key k SET messages = k.messages + wanted
    FROM bulkhead.registration r
   WHERE r.binding_id = k.binding_id AND r.tenant_id = tenant AND r.layer = 'key'
     AND k.binding_id = binding AND k.version = key_version AND k.messages + wanted <= 4294967296;
  RETURN FOUND;
END $$;

-- The next version of a data key. False when somebody else added that version first: read again, theirs is as good.
CREATE FUNCTION tenancy.add_data_key(binding text, key_version integer, wrapped_key bytea, arn text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.writing_tenant();
BEGIN
  INSERT INTO bulkhead.data_key (binding_id, version, wrapped, key_arn)
  SELECT r.binding_id, key_version, wrapped_key, arn FROM bulkhead.registration r
   WHERE r.binding_id = binding AND r.tenant_id = tenant AND r.layer = 'key'
     AND key_version = (SELECT max(k.version) + 1 FROM bulkhead.data_key k WHERE k.binding_id = binding)
  ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;

-- The lint of 0003, which now knows the functions above; a definer function of anybody else is still found.
CREATE TABLE bulkhead.known_definer (name text COLLATE "C" PRIMARY KEY);
ALTER TABLE bulkhead.known_definer ENABLE ROW LEVEL SECURITY;
INSERT INTO bulkhead.known_definer VALUES ('bulkhead.current_tenant'), ('bulkhead.fence'), ('tenancy.layers'),
  ('tenancy.data_keys'), ('tenancy.take_messages'), ('tenancy.add_data_key');

CREATE OR REPLACE FUNCTION bulkhead.lint_ways_around() RETURNS TABLE (rule text, object text, detail text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT 'definer_view', name, 'reads with its owner''s rights: add security_invoker' FROM bulkhead.workload_relation
  WHERE relkind = 'v' AND reachable AND NOT coalesce(reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}', false)
UNION ALL SELECT 'copy_granted', name, 'row security does not hold in a materialized view or foreign table'
  FROM bulkhead.workload_relation WHERE relkind IN ('m', 'f') AND reachable
UNION ALL SELECT 'definer_function', p.oid::regprocedure::text, 'runs with the rights of ' || pg_get_userbyid(p.proowner)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND NOT EXISTS (SELECT FROM bulkhead.known_definer d WHERE p.oid = d.name::regproc
                      AND p.proowner = (SELECT nspowner FROM pg_namespace WHERE nspname = 'bulkhead'))
UNION ALL SELECT 'unsafe_leakproof', p.oid::regprocedure::text, 'is run before row security'
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.proleakproof AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.oid >= 16384
UNION ALL SELECT 'registry_granted', c.oid::regclass::text, a.privilege_type || ' to ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END
  FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'bulkhead'::regnamespace AND a.grantee <> c.relowner
UNION ALL SELECT 'can_create', 'schema ' || n.nspname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END
  FROM pg_namespace n, aclexplode(n.nspacl) a
  WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND n.nspname <> 'pg_catalog'
UNION ALL SELECT 'can_create', 'database ' || d.datname, a.privilege_type || ' to ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END
  FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
  WHERE d.datname = current_database() AND a.privilege_type IN ('CREATE', 'TEMPORARY') AND a.grantee <> d.datdba
$$;

REVOKE ALL ON FUNCTION bulkhead.writing_tenant FROM PUBLIC;
