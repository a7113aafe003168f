-- The shared queue: one lane for each tenant and class, served in turn. Run as the owner role.
--
-- A message is sent, read and settled by signed context, as everything of a tenant. Only claim() works for all tenants,
-- because a consumer cannot know whose turn it is; so it tells whose message it is and which, and not what is in it.
-- Bodies are encrypted with the tenant's data key besides: they reach backups and replicas as ciphertext.

CREATE TABLE bulkhead.lane (
  tenant_id text COLLATE "C" NOT NULL,
  class     smallint NOT NULL CHECK (class BETWEEN 0 AND 2),
  -- When the lane was served last, in turns: the lane that waited longest has the lowest.
  turn      bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, class)
);
CREATE INDEX lane_turn ON bulkhead.lane (class, turn);
CREATE SEQUENCE bulkhead.lane_turn_seq;
ALTER TABLE bulkhead.lane ENABLE ROW LEVEL SECURITY;

CREATE TABLE bulkhead.message (
  tenant_id  text COLLATE "C" NOT NULL,
  id         uuid NOT NULL,
  class      smallint NOT NULL CHECK (class BETWEEN 0 AND 2),
  kind       text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
  body       bytea NOT NULL CHECK (length(body) <= 262144),
  sent_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Nobody is given it before: its delay, its claim or the pause before its next try.
  visible_at timestamptz NOT NULL,
  attempts   integer NOT NULL DEFAULT 0,
  -- The claim that may settle it. An older claim, which went past its time, may not.
  claim      uuid,
  dead_at    timestamptz,
  reason     text COLLATE "C" CHECK (length(reason) <= 100),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX message_next ON bulkhead.message (tenant_id, class, visible_at) WHERE dead_at IS NULL;
CREATE INDEX message_claimed ON bulkhead.message (tenant_id, class) WHERE dead_at IS NULL AND claim IS NOT NULL;
CREATE INDEX message_dead ON bulkhead.message (tenant_id, dead_at) WHERE dead_at IS NOT NULL;
ALTER TABLE bulkhead.message ENABLE ROW LEVEL SECURITY;

-- Part of the caller's transaction: what it wrote and the message are there together, or neither.
CREATE FUNCTION tenancy.send_message(message_id uuid, message_class smallint, message_kind text, message_body bytea, delay_ms integer)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.writing_tenant();
BEGIN
  IF NOT EXISTS (SELECT FROM bulkhead.lane l WHERE l.tenant_id = tenant AND l.class = message_class) THEN
    INSERT INTO bulkhead.lane (tenant_id, class) VALUES (tenant, message_class) ON CONFLICT DO NOTHING;
  END IF;
  -- A message that is sent again after its answer was lost is one message.
  INSERT INTO bulkhead.message (tenant_id, id, class, kind, body, visible_at)
  VALUES (tenant, message_id, message_class, message_kind, message_body,
          clock_timestamp() + greatest(delay_ms, 0) * interval '1 millisecond')
  ON CONFLICT DO NOTHING;
END $$;

-- Claims up to `wanted` messages, each from the lane that waited longest. Of twelve turns eight begin with class 0, three
-- with class 1 and one with class 2, so that no class starves another; a class with nothing to do gives its turn away.
-- `cap` is how many messages of one lane may be under way at once.
CREATE FUNCTION tenancy.claim_messages(wanted integer, hold_ms integer, cap integer)
RETURNS TABLE (tenant_id text, id uuid, class smallint, kind text, attempt integer, claim uuid)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  this_turn bigint;
  first_class smallint;
  chosen record;
  given uuid;
BEGIN
  FOR i IN 1..least(wanted, 100) LOOP
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
         SET claim = given, attempts = m.attempts + 1, visible_at = clock_timestamp() + hold_ms * interval '1 millisecond'
       WHERE m.tenant_id = chosen.tenant_id AND m.id = chosen.id AND m.dead_at IS NULL AND m.visible_at <= clock_timestamp()
      RETURNING m.tenant_id, m.id, m.class, m.kind, m.attempts, m.claim;
  END LOOP;
END $$;

CREATE FUNCTION tenancy.read_message(message_id uuid, held uuid) RETURNS TABLE (kind text, body bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.current_tenant();
BEGIN
  RETURN QUERY SELECT m.kind, m.body FROM bulkhead.message m
   WHERE m.tenant_id = tenant AND m.id = message_id AND m.claim = held AND m.dead_at IS NULL;
END $$;

-- Keeps a claim for longer. False when it is another's by now.
CREATE FUNCTION tenancy.hold_message(message_id uuid, held uuid, hold_ms integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.writing_tenant();
BEGIN
  UPDATE bulkhead.message m SET visible_at = clock_timestamp() + hold_ms * interval '1 millisecond'
   WHERE m.tenant_id = tenant AND m.id = message_id AND m.claim = held AND m.dead_at IS NULL;
  RETURN FOUND;
END $$;

-- Ends a claim: `done` deletes, `again` gives the message back after a pause, `dead` puts it with the dead letters.
CREATE FUNCTION tenancy.settle_message(message_id uuid, held uuid, outcome text, pause_ms integer, why text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.writing_tenant();
BEGIN
  IF outcome = 'done' THEN
    DELETE FROM bulkhead.message m WHERE m.tenant_id = tenant AND m.id = message_id AND m.claim = held AND m.dead_at IS NULL;
  ELSE
    UPDATE bulkhead.message m
       SET claim = NULL, reason = why, visible_at = clock_timestamp() + greatest(pause_ms, 0) * interval '1 millisecond',
           dead_at = CASE outcome WHEN 'dead' THEN clock_timestamp() END
     WHERE m.tenant_id = tenant AND m.id = message_id AND m.claim = held AND m.dead_at IS NULL;
  END IF;
  RETURN FOUND;
END $$;

-- Puts a message away whose claimed tenant could not prove it: without a context, for the holder of the claim only.
CREATE FUNCTION tenancy.reject_message(tenant text, message_id uuid, held uuid, why text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE bulkhead.message m SET claim = NULL, reason = why, dead_at = clock_timestamp()
   WHERE m.tenant_id = tenant AND m.id = message_id AND m.claim = held AND m.dead_at IS NULL;
  RETURN FOUND;
END $$;

-- Gives a message back that nobody has looked at, as if it had not been claimed.
CREATE FUNCTION tenancy.return_message(tenant text, message_id uuid, held uuid, pause_ms integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE bulkhead.message m
     SET claim = NULL, attempts = m.attempts - 1, visible_at = clock_timestamp() + greatest(pause_ms, 0) * interval '1 millisecond'
   WHERE m.tenant_id = tenant AND m.id = message_id AND m.claim = held AND m.dead_at IS NULL;
  RETURN FOUND;
END $$;

CREATE FUNCTION tenancy.dead_messages(newest integer)
RETURNS TABLE (id uuid, kind text, sent_at timestamptz, dead_at timestamptz, attempts integer, reason text, body bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.current_tenant();
BEGIN
  RETURN QUERY SELECT m.id, m.kind, m.sent_at, m.dead_at, m.attempts, m.reason, m.body FROM bulkhead.message m
   WHERE m.tenant_id = tenant AND m.dead_at IS NOT NULL ORDER BY m.dead_at DESC LIMIT newest;
END $$;

-- Gives a dead letter another life, from its first attempt.
CREATE FUNCTION tenancy.revive_message(message_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tenant constant text := bulkhead.writing_tenant();
BEGIN
  UPDATE bulkhead.message m SET dead_at = NULL, reason = NULL, attempts = 0, visible_at = clock_timestamp()
   WHERE m.tenant_id = tenant AND m.id = message_id AND m.dead_at IS NOT NULL;
  RETURN FOUND;
END $$;

INSERT INTO bulkhead.known_definer VALUES ('tenancy.send_message'), ('tenancy.claim_messages'), ('tenancy.read_message'),
  ('tenancy.hold_message'), ('tenancy.settle_message'), ('tenancy.reject_message'), ('tenancy.return_message'), ('tenancy.dead_messages'),
  ('tenancy.revive_message');
