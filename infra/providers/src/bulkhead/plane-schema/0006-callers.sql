-- Who may call what. The serving login calls what works for the tenant of its context. What works for all tenants, which
-- is to say whose turn it is, is called by a login of the queue's consumers, which reaches nothing else: SQL that is
-- injected into a request cannot hold up, return or give away messages of other tenants. Run as the owner role.

-- Every function that runs with the owner's rights, who calls it, and why it may run so. The isolation proof has a list of
-- its own and compares.
ALTER TABLE bulkhead.known_definer
  ADD COLUMN caller text COLLATE "C" NOT NULL DEFAULT 'serving' CHECK (caller IN ('everybody', 'serving', 'consumer')),
  ADD COLUMN reason text NOT NULL DEFAULT 'answers for the tenant of the signed context and no other';
ALTER TABLE bulkhead.known_definer ALTER COLUMN caller DROP DEFAULT, ALTER COLUMN reason DROP DEFAULT;
UPDATE bulkhead.known_definer SET caller = 'everybody', reason = 'is what checks the signed context'
 WHERE name IN ('bulkhead.current_tenant', 'bulkhead.fence');
UPDATE bulkhead.known_definer SET caller = 'consumer', reason = 'tells whose turn it is, and nothing that a message says'
 WHERE name IN ('tenancy.claim_messages', 'tenancy.return_message');

-- A message whose claimed tenant cannot prove it is settled by that tenant's context: nobody needs this one.
DROP FUNCTION tenancy.reject_message;
DELETE FROM bulkhead.known_definer WHERE name = 'tenancy.reject_message';

REVOKE ALL ON SCHEMA tenancy FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tenancy FROM PUBLIC;

-- Lets a role call what callers of its kind may, and nothing else of the schema. Can be repeated.
CREATE FUNCTION bulkhead.let_call(role name, kind text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE known record;
BEGIN
  IF kind NOT IN ('serving', 'consumer') THEN
    RAISE EXCEPTION 'no caller is of kind %', kind USING ERRCODE = 'invalid_parameter_value';
  END IF;
  EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tenancy FROM %I', role);
  EXECUTE format('GRANT USAGE ON SCHEMA tenancy TO %I', role);
  FOR known IN SELECT d.name::regproc AS callable FROM bulkhead.known_definer d WHERE d.caller = kind LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', known.callable, role);
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION bulkhead.let_call FROM PUBLIC;

-- Logins that serve already go on without a gap: who is given the workload's tables as they are made.
DO $$
DECLARE serving name;
BEGIN
  FOR serving IN SELECT DISTINCT pg_get_userbyid(a.grantee) FROM pg_default_acl d, aclexplode(d.defaclacl) a
                  WHERE d.defaclnamespace = 'app'::regnamespace AND d.defaclobjtype = 'r' AND a.grantee NOT IN (0, d.defaclrole)
  LOOP PERFORM bulkhead.let_call(serving, 'serving'); END LOOP;
END $$;

-- Between a tenth of a second and an hour; NULL is the least.
CREATE FUNCTION bulkhead.held(hold_ms integer) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(greatest(hold_ms, 100), 3600000) * interval '1 millisecond';
-- Up to a week; NULL and what is negative is no pause.
CREATE FUNCTION bulkhead.paused(pause_ms integer) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(greatest(pause_ms, 0), 604800000) * interval '1 millisecond';

CREATE OR REPLACE FUNCTION tenancy.send_message(message_id uuid, message_class smallint, message_kind text, message_body bytea, delay_ms integer)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.writing_tenant();
BEGIN
  IF NOT EXISTS (SELECT FROM bulkhead.lane l WHERE l.tenant_id = tenant AND l.class = message_class) THEN
    INSERT INTO bulkhead.lane (tenant_id, class) VALUES (tenant, message_class) ON CONFLICT DO NOTHING;
  END IF;
  -- A message that is sent again after its answer was lost is one message.
  INSERT INTO bulkhead.message (tenant_id, id, class, kind, body, visible_at)
  VALUES (tenant, message_id, message_class, message_kind, message_body, clock_timestamp() + bulkhead.paused(delay_ms))
  ON CONFLICT DO NOTHING;
END $$;

CREATE OR REPLACE FUNCTION tenancy.claim_messages(wanted integer, hold_ms integer, cap integer)
RETURNS TABLE (tenant_id text, id uuid, class smallint, kind text, attempt integer, claim uuid)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  this_turn bigint;
  first_class smallint;
  chosen record;
  given uuid;
BEGIN
  FOR i IN 1..least(coalesce(wanted, 0), 100) LOOP
    this_turn := nextval('bulkhead.lane_turn_seq');
    first_class := CASE WHEN this_turn % 12 < 8 THEN 0 WHEN this_turn % 12 < 11 THEN 1 ELSE 2 END;
    SELECT l.tenant_id, l.class, m.id INTO chosen
      FROM bulkhead.lane l
      -- A tenant that has moved away is served where it is now.
      JOIN bulkhead.tenant_home h ON h.tenant_id = l.tenant_id AND h.home = bulkhead.this_home()
      CROSS JOIN LATERAL (SELECT n.id FROM bulkhead.message n
                           WHERE n.tenant_id = l.tenant_id AND n.class = l.class AND n.dead_at IS NULL
                             AND n.visible_at <= clock_timestamp() ORDER BY n.visible_at LIMIT 1) m
     WHERE (SELECT count(*) FROM bulkhead.message n
             WHERE n.tenant_id = l.tenant_id AND n.class = l.class AND n.dead_at IS NULL AND n.claim IS NOT NULL
               AND n.visible_at > clock_timestamp()) < cap
     ORDER BY l.class <> first_class, l.class, l.turn LIMIT 1
       FOR UPDATE OF l SKIP LOCKED;
    EXIT WHEN NOT FOUND;
    given := gen_random_uuid();
    UPDATE bulkhead.lane l SET turn = this_turn WHERE l.tenant_id = chosen.tenant_id AND l.class = chosen.class;
    RETURN QUERY
      UPDATE bulkhead.message m
         SET claim = given, attempts = m.attempts + 1, visible_at = clock_timestamp() + bulkhead.held(hold_ms)
       WHERE m.tenant_id = chosen.tenant_id AND m.id = chosen.id AND m.dead_at IS NULL AND m.visible_at <= clock_timestamp()
      RETURNING m.tenant_id, m.id, m.class, m.kind, m.attempts, m.claim;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION tenancy.hold_message(message_id uuid, held uuid, hold_ms integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.writing_tenant();
BEGIN
  UPDATE bulkhead.message m SET visible_at = clock_timestamp() + bulkhead.held(hold_ms)
   WHERE m.tenant_id = tenant AND m.id = message_id AND m.claim = held AND m.dead_at IS NULL;
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION tenancy.settle_message(message_id uuid, held uuid, outcome text, pause_ms integer, why text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.writing_tenant();
BEGIN
  IF outcome = 'done' THEN
    DELETE FROM bulkhead.message m WHERE m.tenant_id = tenant AND m.id = message_id AND m.claim = held AND m.dead_at IS NULL;
  ELSE
    UPDATE bulkhead.message m
       SET claim = NULL, reason = why, visible_at = clock_timestamp() + bulkhead.paused(pause_ms),
           dead_at = CASE outcome WHEN 'dead' THEN clock_timestamp() END
     WHERE m.tenant_id = tenant AND m.id = message_id AND m.claim = held AND m.dead_at IS NULL;
  END IF;
  RETURN FOUND;
END $$;

-- For the holder of the claim only.
CREATE OR REPLACE FUNCTION tenancy.return_message(tenant text, message_id uuid, held uuid, pause_ms integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE bulkhead.message m
     SET claim = NULL, attempts = m.attempts - 1, visible_at = clock_timestamp() + bulkhead.paused(pause_ms)
   WHERE m.tenant_id = tenant AND m.id = message_id AND m.claim = held AND m.dead_at IS NULL;
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION tenancy.dead_messages(newest integer)
RETURNS TABLE (id uuid, kind text, sent_at timestamptz, dead_at timestamptz, attempts integer, reason text, body bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.current_tenant();
BEGIN
  RETURN QUERY SELECT m.id, m.kind, m.sent_at, m.dead_at, m.attempts, m.reason, m.body FROM bulkhead.message m
   WHERE m.tenant_id = tenant AND m.dead_at IS NOT NULL ORDER BY m.dead_at DESC LIMIT least(greatest(newest, 0), 1000);
END $$;

-- The verifier and the fence of 0002. Names of types are qualified too: a caller's search_path decides about none of them.
CREATE OR REPLACE FUNCTION bulkhead.current_tenant() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE AS $$
DECLARE
  context pg_catalog.text := pg_catalog.current_setting('bulkhead.context', true);
  part pg_catalog.text[] := pg_catalog.string_to_array(context, '.');
  pad_i pg_catalog.bytea; pad_o pg_catalog.bytea; home_here pg_catalog.text; epoch_here pg_catalog.int8;
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

-- Advisory locks can be taken by whoever runs SQL here, and Postgres lets nobody but a superuser forbid it. So nobody
-- waits for long: a move of the tenant holds the lock for milliseconds, and what holds it for longer is none.
--   TN100 the fence is held: nothing was done, and it may be tried again
CREATE FUNCTION bulkhead.await_fence(tenant text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(bulkhead.fence_key(tenant));
EXCEPTION WHEN lock_not_available THEN
  RAISE EXCEPTION 'the fence of the tenant is held' USING ERRCODE = 'TN100',
    HINT = 'Look in pg_locks for who holds the advisory lock; a move holds it for milliseconds.';
END $$;
REVOKE ALL ON FUNCTION bulkhead.await_fence, bulkhead.held, bulkhead.paused FROM PUBLIC;

CREATE OR REPLACE FUNCTION bulkhead.fence() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  tenant pg_catalog.text := pg_catalog.split_part(pg_catalog.current_setting('bulkhead.context', true), '.', 3);
BEGIN
  IF TG_OP OPERATOR(pg_catalog.=) 'TRUNCATE' THEN
    RAISE EXCEPTION 'TRUNCATE would empty the table for every tenant' USING ERRCODE = 'TN009';
  END IF;
  IF NOT pg_catalog.pg_try_advisory_xact_lock_shared(bulkhead.fence_key(tenant)) THEN
    PERFORM bulkhead.await_fence(tenant);
  END IF;
  tenant := bulkhead.current_tenant();
  IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.<>) 'read committed' THEN
    PERFORM FROM bulkhead.tenant_home t WHERE t.tenant_id OPERATOR(pg_catalog.=) tenant FOR SHARE;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION bulkhead.writing_tenant() RETURNS text LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenant text := split_part(current_setting('bulkhead.context', true), '.', 3);
BEGIN
  IF NOT pg_try_advisory_xact_lock_shared(bulkhead.fence_key(tenant)) THEN PERFORM bulkhead.await_fence(tenant); END IF;
  tenant := bulkhead.current_tenant();
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    PERFORM FROM bulkhead.tenant_home t WHERE t.tenant_id = tenant FOR SHARE;
  END IF;
  RETURN tenant;
END $$;

-- Puts the caller's session back to how it began, as DISCARD ALL does, but for statements that were prepared by protocol.
-- Everybody may call it: it runs as the caller. Nothing is SET, because that would be put back at the end.
-- Answers how many statements are prepared, or -1 when one was prepared by SQL: under its name somebody else's could run.
CREATE FUNCTION tenancy.reset_session() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  RESET SESSION AUTHORIZATION; RESET ALL; EXECUTE 'CLOSE ALL'; UNLISTEN *; DISCARD TEMP; DISCARD SEQUENCES;
  PERFORM pg_catalog.pg_advisory_unlock_all();
  RETURN (SELECT CASE WHEN pg_catalog.bool_or(s.from_sql) THEN -1 ELSE pg_catalog.count(*) END FROM pg_catalog.pg_prepared_statement() s);
END $$;

-- Who made a role administers it, which lets nobody act as it: only those serve who have a role's rights or may take them.
CREATE OR REPLACE VIEW bulkhead.serving_role WITH (security_invoker = true) AS
WITH granted AS (
  SELECT a.grantee FROM bulkhead.workload_relation r JOIN pg_class c USING (oid), aclexplode(c.relacl) a WHERE a.grantee <> r.owner
  UNION SELECT a.grantee FROM pg_default_acl d, aclexplode(d.defaclacl) a
   WHERE a.grantee <> d.defaclrole AND d.defaclobjtype = 'r'
)
SELECT r.oid, r.rolname, r.rolsuper, r.rolbypassrls, r.rolreplication, r.rolcreaterole
  FROM pg_roles r JOIN granted g ON g.grantee <> 0 AND (r.oid = g.grantee
    OR ((pg_has_role(r.oid, g.grantee, 'USAGE') OR pg_has_role(r.oid, g.grantee, 'SET')) AND NOT r.rolsuper))
 GROUP BY 1, 2, 3, 4, 5, 6;
