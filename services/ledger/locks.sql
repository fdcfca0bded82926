-- name: lock_projects
-- In the order of the array, which is sorted, as everybody's.
select pg_advisory_lock(hashtext('ledger.project'), bucket) from unnest($1::integer[]) as bucket;

-- name: lock_quarantine
-- In order, as everybody does.
select pg_advisory_lock(hashtext('ledger.quarantine'), key)
from (select distinct hashtext(district) as key from unnest($1::text[]) as district order by key) as ordered;

-- name: unlock
-- Everything that this session holds.
select pg_advisory_unlock_all();
