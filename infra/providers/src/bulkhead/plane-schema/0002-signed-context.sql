-- Who a transaction works for, proven to the database itself. Run as the owner role.
--
-- The setting `bulkhead.context` holds `v1.<key id>.<tenant>.<home>.<epoch>.<expiry, unix seconds>.<HMAC-SHA256, hex>`.
-- Anybody may set it; only the control plane can sign it. What is wrong with it is told by the SQLSTATE:
--   TN001 missing   TN002 malformed   TN003 key unknown   TN004 forged   TN005 expired
--   TN006 for another database   TN007 stale (DETAIL: home and epoch as known here)   TN008 tenant not known here
--   TN009 TRUNCATE, which no context allows
-- A wrong context always raises. It never filters: an empty answer could be read as "no allergies".

-- HMAC keys, as the key XORed with the two pads of RFC 2104: with them core's sha256() is all that is needed.
CREATE TABLE bulkhead.context_key (
  id        text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z0-9]{1,16}$'),
  inner_pad bytea NOT NULL CHECK (length(inner_pad) = 64),
  outer_pad bytea NOT NULL CHECK (length(outer_pad) = 64),
  added     bigint NOT NULL GENERATED ALWAYS AS IDENTITY
);
ALTER TABLE bulkhead.context_key ENABLE ROW LEVEL SECURITY;

-- Two keys are active: the one that signs now, and the one before it, whose contexts have not all expired.
CREATE FUNCTION bulkhead.set_context_key(key_id text, inner_pad bytea, outer_pad bytea) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO bulkhead.context_key AS k (id, inner_pad, outer_pad)
  VALUES (key_id, set_context_key.inner_pad, set_context_key.outer_pad) ON CONFLICT (id) DO NOTHING;
  IF NOT EXISTS (SELECT FROM bulkhead.context_key k WHERE k.id = key_id
                 AND k.inner_pad = set_context_key.inner_pad AND k.outer_pad = set_context_key.outer_pad) THEN
    RAISE EXCEPTION 'context key % exists with other contents: a key id is used once', key_id
      USING ERRCODE = 'unique_violation';
  END IF;
  DELETE FROM bulkhead.context_key WHERE id NOT IN (SELECT id FROM bulkhead.context_key ORDER BY added DESC LIMIT 2);
END $$;

-- Withdraws a key at once, for one that leaked: every context that it signed is refused from then on.
CREATE FUNCTION bulkhead.drop_context_key(key_id text) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $$ DELETE FROM bulkhead.context_key WHERE id = key_id $$;

-- The tenant of a valid context. STABLE: once per statement when a policy wraps it in a sub-select.
-- Every name is qualified, operators too, and nothing is SET: it is as safe from a caller's search_path, and a SET clause
-- costs 2 microseconds of every statement. Fields are compared in the order of the AND: nothing is parsed as a number
-- before the signature has been found right (IS TRUE, because AND goes on after NULL). Digests of the two MACs are compared, so that the time of the comparison
-- tells nothing about the right one; as hexadecimal text, because decode() raises on what is none, and a regular
-- expression that checks 64 digits first costs more than all the rest.
CREATE FUNCTION bulkhead.current_tenant() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE AS $$
DECLARE
  context text := pg_catalog.current_setting('bulkhead.context', true);
  part text[] := pg_catalog.string_to_array(context, '.');
  pad_i bytea; pad_o bytea; home_here text; epoch_here bigint;
BEGIN
  SELECT k.inner_pad, k.outer_pad, t.home, t.epoch INTO pad_i, pad_o, home_here, epoch_here
    FROM bulkhead.context_key k LEFT JOIN bulkhead.tenant_home t ON t.tenant_id OPERATOR(pg_catalog.=) part[3]
   WHERE k.id OPERATOR(pg_catalog.=) part[2];
  IF (pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.encode(pg_catalog.sha256(pad_o OPERATOR(pg_catalog.||)
           pg_catalog.sha256(pad_i OPERATOR(pg_catalog.||) pg_catalog.convert_to(pg_catalog.left(context, -65), 'UTF8'))),
         'hex'), 'UTF8'))
         OPERATOR(pg_catalog.=) pg_catalog.sha256(pg_catalog.convert_to(part[7], 'UTF8'))) IS TRUE
     AND part[6]::pg_catalog.int8 OPERATOR(pg_catalog.>) pg_catalog.date_part('epoch', pg_catalog.statement_timestamp())
     AND part[4] OPERATOR(pg_catalog.=) home_here
     AND home_here OPERATOR(pg_catalog.=) bulkhead.this_home()
     AND part[5]::pg_catalog.int8 OPERATOR(pg_catalog.=) epoch_here
  THEN RETURN part[3]; END IF;
  PERFORM bulkhead.refuse_context(context, part, pad_i, pad_o, home_here, epoch_here);
  RAISE EXCEPTION 'the tenant context is not valid' USING ERRCODE = 'TN004';
END $$;

-- Says what is wrong with a context that is; works on copies, so a caller learns nothing that the SQLSTATE does not say.
CREATE FUNCTION bulkhead.refuse_context(
  context text, part text[], pad_i bytea, pad_o bytea, home_here text, epoch_here bigint) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF coalesce(context, '') = '' THEN
    RAISE EXCEPTION 'no tenant context is set' USING ERRCODE = 'TN001',
      HINT = 'Run the statement through withTenant of @bulkhead/tenancy.';
  END IF;
  IF cardinality(part) <> 7 OR part[1] <> 'v1' OR part[7] !~ '^[0-9a-f]{64}$' THEN
    RAISE EXCEPTION 'the tenant context is malformed' USING ERRCODE = 'TN002';
  END IF;
  IF pad_i IS NULL THEN RAISE EXCEPTION 'the tenant context names no active key' USING ERRCODE = 'TN003'; END IF;
  IF sha256(sha256(pad_o || sha256(pad_i || convert_to(left(context, -65), 'UTF8')))) <> sha256(decode(part[7], 'hex')) THEN
    RAISE EXCEPTION 'the tenant context is forged' USING ERRCODE = 'TN004';
  END IF;
  IF part[6]::int8 <= date_part('epoch', statement_timestamp()) THEN
    RAISE EXCEPTION 'the tenant context has expired' USING ERRCODE = 'TN005';
  END IF;
  IF part[4] <> bulkhead.this_home() THEN
    RAISE EXCEPTION 'the tenant context is for another database' USING ERRCODE = 'TN006';
  END IF;
  IF home_here IS NULL THEN
    RAISE EXCEPTION 'the tenant is not known in this database' USING ERRCODE = 'TN008';
  END IF;
  RAISE EXCEPTION 'the tenant context is stale' USING ERRCODE = 'TN007',
    DETAIL = json_build_object('home', home_here, 'epoch', epoch_here)::text;
END $$;

-- The lock that writers share and that the mover takes alone while it moves the fence.
CREATE FUNCTION bulkhead.fence_key(tenant text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.hashtextextended(tenant, 7264118);

-- Statement trigger of every tenant table: no write after the tenant's home has moved. First the lock, then the look:
-- the function is VOLATILE, so under READ COMMITTED current_tenant() looks with a snapshot taken after the lock.
-- Stricter levels keep their old snapshot; there FOR SHARE raises 40001 when the row was changed since.
-- The tenant that is locked is only claimed; if it is not the true one, current_tenant() raises next.
CREATE FUNCTION bulkhead.fence() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  tenant text := pg_catalog.split_part(pg_catalog.current_setting('bulkhead.context', true), '.', 3);
BEGIN
  IF TG_OP OPERATOR(pg_catalog.=) 'TRUNCATE' THEN
    RAISE EXCEPTION 'TRUNCATE would empty the table for every tenant' USING ERRCODE = 'TN009';
  END IF;
  PERFORM pg_catalog.pg_advisory_xact_lock_shared(bulkhead.fence_key(tenant));
  tenant := bulkhead.current_tenant();
  IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.<>) 'read committed' THEN
    PERFORM FROM bulkhead.tenant_home t WHERE t.tenant_id OPERATOR(pg_catalog.=) tenant FOR SHARE;
  END IF;
  RETURN NULL;
END $$;

-- Puts a tenant table under protection; can be repeated. Its primary key must begin with tenant_id.
-- Both policies say the same, which the planner folds into one. The pair of columns is no accident: both equalities meet
-- in one equivalence class, which gives the plan a one-time filter that runs before any row is sought. With a plain
-- `tenant_id = (SELECT ...)` a sequential scan of an empty table would never look at the context, and answer nothing.
CREATE FUNCTION bulkhead.protect(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rule constant text := '(tenant_id, tenant_id) = (SELECT v.tenant, v.tenant FROM '
    '(SELECT bulkhead.current_tenant() AS tenant OFFSET 0) v)';
  grantee record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                 WHERE i.indrelid = target AND i.indisprimary AND a.attname = 'tenant_id' AND a.atttypid = 'text'::regtype) THEN
    RAISE EXCEPTION '% cannot be protected: its primary key does not begin with tenant_id (text)', target
      USING ERRCODE = 'invalid_table_definition';
  END IF;
  EXECUTE format('DROP POLICY IF EXISTS tenant_floor ON %s', target);
  EXECUTE format('DROP POLICY IF EXISTS tenant_rows ON %s', target);
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY tenant_floor ON %s AS RESTRICTIVE USING (%s) WITH CHECK (%2$s)', target, rule);
  EXECUTE format('CREATE POLICY tenant_rows ON %s USING (%s) WITH CHECK (%2$s)', target, rule);
  EXECUTE format('CREATE OR REPLACE TRIGGER tenant_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
                 'FOR EACH STATEMENT EXECUTE FUNCTION bulkhead.fence()', target);
  -- Row security and the fence hold at the table that is named. A partition that can be named itself is a way past both.
  FOR grantee IN
    SELECT p.relid::regclass AS relation, p.relid = target AS itself, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS name
      FROM (SELECT target AS relid UNION SELECT relid FROM pg_partition_tree(target)) p
      JOIN pg_class c ON c.oid = p.relid, aclexplode(c.relacl) a WHERE a.grantee <> c.relowner GROUP BY 1, 2, 3
  LOOP
    EXECUTE format('REVOKE %s ON %s FROM %s',
      CASE WHEN grantee.itself THEN 'TRUNCATE, REFERENCES, TRIGGER, MAINTAIN' ELSE 'ALL' END, grantee.relation, grantee.name);
  END LOOP;
END $$;

-- The pattern that the lint compares policies with. Nobody has a right to it and it stays empty.
CREATE TABLE bulkhead.protected_sample (tenant_id text COLLATE "C" PRIMARY KEY);
SELECT bulkhead.protect('bulkhead.protected_sample');

REVOKE ALL ON FUNCTION bulkhead.set_context_key, bulkhead.drop_context_key, bulkhead.protect, bulkhead.refuse_context FROM PUBLIC;
