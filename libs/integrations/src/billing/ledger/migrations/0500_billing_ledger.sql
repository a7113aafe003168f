-- Embedded billing: a double-entry ledger that is only ever added to. What happened is a row; what is true now is
-- derived from the rows, so nothing can be rewritten without leaving a trace.
create schema billing;
grant usage on schema billing to bulkhead_api, bulkhead_worker;

create function billing.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% on billing.% is not allowed: book a correcting entry instead', tg_op, tg_table_name
    using errcode = 'restrict_violation';
end $$;

-- Answers by idempotency key: a repeat is told what the first call was told.
create table billing.requests (
  key text collate "C" primary key check (length(key) between 1 and 255),
  action text not null,
  input jsonb not null,
  answer jsonb not null,
  requested_at timestamptz not null default now()
);

create table billing.customers (
  id text collate "C" primary key,
  tenant_id text collate "C" not null unique,
  name text not null,
  created_at timestamptz not null default now()
);

create table billing.subscriptions (
  id text collate "C" primary key,
  customer_id text collate "C" not null references billing.customers,
  plan_name text not null,
  plan_version integer not null check (plan_version > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  quantity integer not null check (quantity > 0),
  starts_on date not null,
  created_at timestamptz not null default now(),
  unique (id, currency),
  unique (id, customer_id)
);
create index on billing.subscriptions (customer_id);

create table billing.cancellations (
  subscription_id text collate "C" primary key references billing.subscriptions,
  cancelled_at timestamptz not null default now()
);

create table billing.invoices (
  id text collate "C" primary key,
  subscription_id text collate "C" not null,
  customer_id text collate "C" not null,
  period_start date not null,
  period_end date not null check (period_end > period_start),
  due_date date not null check (due_date >= period_start),
  amount_minor bigint not null check (amount_minor between 0 and 9007199254740991),
  currency text not null,
  -- One invoice for a period, whatever key asks for it: nobody is billed twice.
  unique (subscription_id, period_start),
  foreign key (subscription_id, currency) references billing.subscriptions (id, currency),
  foreign key (subscription_id, customer_id) references billing.subscriptions (id, customer_id)
);
create index on billing.invoices (customer_id);

create table billing.invoice_lines (
  invoice_id text collate "C" not null references billing.invoices,
  code text not null,
  amount_minor bigint not null check (amount_minor >= 0),
  primary key (invoice_id, code)
);

create function billing.check_lines(invoice text) returns void language plpgsql as $$
begin
  if (select amount_minor from billing.invoices where id = invoice) is distinct from
     (select sum(amount_minor) from billing.invoice_lines where invoice_id = invoice) then
    raise exception 'the lines of invoice % do not add up to its amount', invoice using errcode = 'check_violation';
  end if;
end $$;
create function billing.check_invoice() returns trigger language plpgsql as $$
begin
  perform billing.check_lines(new.id);
  return null;
end $$;
create function billing.check_line() returns trigger language plpgsql as $$
begin
  perform billing.check_lines(new.invoice_id);
  return null;
end $$;
create constraint trigger invoice_adds_up after insert on billing.invoices
  deferrable initially deferred for each row execute function billing.check_invoice();
create constraint trigger line_adds_up after insert on billing.invoice_lines
  deferrable initially deferred for each row execute function billing.check_line();

create table billing.invoice_events (
  invoice_id text collate "C" not null references billing.invoices,
  kind text not null check (kind in ('issued', 'voided')),
  at timestamptz not null default now(),
  primary key (invoice_id, kind)
);

create table billing.accounts (
  code text collate "C" primary key,
  title text not null,
  -- Side on which the balance normally stands; postings are positive for debit and negative for credit.
  normal_side text not null check (normal_side in ('debit', 'credit'))
);
insert into billing.accounts values
  ('accounts_receivable', 'What customers owe', 'debit'),
  ('deferred_revenue', 'Billed in advance and not yet earned', 'credit');

create table billing.journal_entries (
  id bigint generated always as identity primary key,
  invoice_id text collate "C" not null,
  kind text not null,
  booked_on date not null,
  recorded_at timestamptz not null default now(),
  recorded_in xid8 not null default pg_current_xact_id(),
  -- An invoice is booked once when it is issued and once when it is voided, never again.
  unique (invoice_id, kind),
  foreign key (invoice_id, kind) references billing.invoice_events
);

create table billing.postings (
  entry_id bigint not null references billing.journal_entries,
  account text collate "C" not null references billing.accounts,
  customer_id text collate "C" not null references billing.customers,
  amount_minor bigint not null check (amount_minor <> 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  primary key (entry_id, account, currency)
);
create index on billing.postings (customer_id);

-- Checked when the transaction commits, because an entry is unbalanced until its last posting is in.
create function billing.check_balance(entry bigint) returns void language plpgsql as $$
begin
  if (select count(*) from billing.postings where entry_id = entry) < 2 then
    raise exception 'journal entry % has fewer than two postings', entry using errcode = 'check_violation';
  end if;
  if exists (select from billing.postings where entry_id = entry group by currency having sum(amount_minor) <> 0) then
    raise exception 'journal entry % does not balance', entry using errcode = 'check_violation';
  end if;
end $$;
create function billing.check_entry() returns trigger language plpgsql as $$
begin
  perform billing.check_balance(new.id);
  return null;
end $$;
create function billing.check_posting() returns trigger language plpgsql as $$
begin
  -- A balanced pair added later would change what an old entry says.
  if (select recorded_in from billing.journal_entries where id = new.entry_id) <> pg_current_xact_id() then
    raise exception 'journal entry % is closed', new.entry_id using errcode = 'check_violation';
  end if;
  perform billing.check_balance(new.entry_id);
  return null;
end $$;
create constraint trigger entry_balances after insert on billing.journal_entries
  deferrable initially deferred for each row execute function billing.check_entry();
create constraint trigger posting_balances after insert on billing.postings
  deferrable initially deferred for each row execute function billing.check_posting();

-- The last grant of a customer is what it has.
create table billing.grants (
  id bigint generated always as identity primary key,
  customer_id text collate "C" not null references billing.customers,
  features text[] not null,
  granted_at timestamptz not null default now()
);
create index on billing.grants (customer_id, id);

create table billing.usage_events (
  customer_id text collate "C" not null references billing.customers,
  event_id text collate "C" not null,
  meter text not null,
  quantity bigint not null check (quantity between 0 and 9007199254740991),
  at timestamptz not null,
  primary key (customer_id, event_id)
);

do $$
declare name text;
begin
  for name in select tablename from pg_tables where schemaname = 'billing' loop
    execute format('create trigger %I before update or delete on billing.%I for each row execute function billing.refuse_change()', name || '_final', name);
    execute format('create trigger %I before truncate on billing.%I for each statement execute function billing.refuse_change()', name || '_kept', name);
  end loop;
end $$;

grant select on all tables in schema billing to bulkhead_api, bulkhead_worker;
grant insert on billing.requests, billing.customers, billing.subscriptions, billing.cancellations, billing.invoices,
  billing.invoice_lines, billing.invoice_events, billing.journal_entries, billing.postings, billing.grants,
  billing.usage_events to bulkhead_worker;
