-- What is kept only for a time. A definer function, so that the worker can delete what is over and nothing else.
create index idempotency_keys_by_age on control.idempotency_keys (created_at);

-- An idempotency key is remembered for 30 days; a revocation as long as a token that it means can be valid.
create function control.prune() returns bigint language plpgsql security definer
  set search_path = pg_catalog, pg_temp as $$
declare
  keys bigint;
  revocations bigint;
begin
  delete from control.idempotency_keys where created_at < now() - interval '30 days';
  get diagnostics keys = row_count;
  delete from control.token_revocations where listed_until < now() - interval '1 day';
  get diagnostics revocations = row_count;
  return keys + revocations;
end $$;
revoke all on function control.prune() from public;
grant execute on function control.prune() to bulkhead_worker;
