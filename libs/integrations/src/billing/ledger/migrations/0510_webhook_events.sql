-- Events that a billing provider delivered: it may deliver each of them more than once.
create table billing.webhook_events (
  provider text not null,
  event_id text collate "C" not null,
  type text not null,
  received_at timestamptz not null default now(),
  primary key (provider, event_id)
);
create trigger webhook_events_final before update or delete on billing.webhook_events
  for each row execute function billing.refuse_change();
create trigger webhook_events_kept before truncate on billing.webhook_events
  for each statement execute function billing.refuse_change();
-- The API receives the deliveries, so it may note them.
grant select, insert on billing.webhook_events to bulkhead_api, bulkhead_worker;
