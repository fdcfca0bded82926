-- name: copy
-- Whole projects under other names, so that each fold is as long as before.
insert into ledger.event
    (district, source, id, subject, name, version, "on", recorded_at, stream_sequence, digest, "time", replaces, data)
select
    district, source, id || '-' || copy, subject || '-' || copy, name, version, "on", recorded_at, stream_sequence,
    digest, "time", replaces, data
from ledger.event
cross join generate_series(1, $1::integer) as copy;

-- name: count
-- The events of the archive.
select count(*) from ledger.event;
