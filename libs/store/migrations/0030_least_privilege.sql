-- The worker records what became of wishes; it makes none. In particular, whoever takes over the process that runs
-- providers must not be able to make itself an API key.
revoke insert on control.api_keys, control.partners, control.landing_zones from bulkhead_worker;

-- Nobody listens: the relay polls. A notification makes every commit of the database queue for one lock.
drop trigger outbox_notify on control.outbox;
drop function control.outbox_notify();

-- A cell that never came to be leaves its record, and gives its name back.
alter table control.cells drop constraint cells_name_key;
create unique index cells_name on control.cells (name) where state <> 'failed';
