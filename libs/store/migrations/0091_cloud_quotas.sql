-- What the cloud account limits and what of it is used, as the worker last saw it. Looked at before anything is promised.
create table control.cloud_quotas (
  region      text not null,
  quota       text not null check (quota in ('rds-instances', 's3-buckets', 'kms-keys', 'iam-roles')),
  most        integer not null check (most >= 0),
  used        integer not null check (used >= 0),
  -- Who said so: AWS, or the configuration where AWS cannot be asked.
  source      text not null check (source in ('service-quotas', 'declared')),
  observed_at timestamptz not null,
  primary key (region, quota)
);
grant select on control.cloud_quotas to bulkhead_api, bulkhead_worker;
grant insert, update on control.cloud_quotas to bulkhead_worker;
