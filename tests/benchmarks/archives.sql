-- name: copy_projects
-- Whole projects, so that each fold is as long as before.
insert into ledger.event
    (district, source, id, subject, name, version, "on", recorded_at, stream_sequence, digest, "time", replaces, data)
select
    district, source, id || '-' || copy, subject || '-' || copy, name, version, "on", recorded_at, stream_sequence,
    digest, "time", replaces, data
from ledger.event
cross join generate_series(1, $1::integer) as copy;

-- name: lengthen_histories
-- Each project's first arrival of funds again and again.
insert into ledger.event
    (district, source, id, subject, name, version, "on", recorded_at, stream_sequence, digest, "time", replaces, data)
select
    district, source, id || '-' || copy, subject, name, version, "on", recorded_at, stream_sequence, digest, "time",
    replaces, data
from (
    select distinct on (district, subject) *
    from ledger.event
    where name = 'funds-arrived'
    order by district, subject, recorded_at, source, id
) as first
cross join generate_series(1, $1::integer) as copy;
