-- A change of plan gives back what an invoice paid for and was not used: a credit note, booked against the receivable.
alter table billing.invoice_events drop constraint invoice_events_kind_check;
alter table billing.invoice_events add constraint invoice_events_kind_check check (kind in ('issued', 'voided', 'credited'));

create table billing.credits (
  id text collate "C" primary key,
  -- One credit note for an invoice: it is changed at most once within its period, then it ends.
  invoice_id text collate "C" not null unique references billing.invoices,
  amount_minor bigint not null check (amount_minor > 0),
  created_at timestamptz not null default now()
);
create function billing.check_credit() returns trigger language plpgsql as $$
begin
  if new.amount_minor > (select amount_minor from billing.invoices where id = new.invoice_id) then
    raise exception 'credit % is larger than its invoice', new.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger credit_fits before insert on billing.credits for each row execute function billing.check_credit();
create trigger credits_final before update or delete on billing.credits
  for each row execute function billing.refuse_change();
create trigger credits_kept before truncate on billing.credits
  for each statement execute function billing.refuse_change();

grant select on billing.credits to bulkhead_api, bulkhead_worker;
grant insert on billing.credits to bulkhead_worker;
