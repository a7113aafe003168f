-- Nothing receives a billing provider's deliveries, so the API has no business writing here.
drop table billing.webhook_events;
