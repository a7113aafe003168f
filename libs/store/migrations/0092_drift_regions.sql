-- Region of the worker that saw an orphan: no other has looked there. Null for what a stack manages.
alter table control.drift_findings add column region text;
grant insert (region), update (region) on control.drift_findings to bulkhead_worker;

-- A quota that is not looked at any more says nothing.
grant delete on control.cloud_quotas to bulkhead_worker;
