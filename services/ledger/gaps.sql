-- name: lacking
-- The last of these messages that is neither an event of the archive nor parked.
select arrived.stream_sequence
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[])
    as arrived (district, source, id, stream_sequence, recorded_at)
where
    not exists (
        select from ledger.event
        where (event.district, event.source, event.id) = (arrived.district, arrived.source, arrived.id)
    )
    and not exists (
        select from ledger.quarantine as parked
        where (parked.stream_sequence, parked.recorded_at) = (arrived.stream_sequence, arrived.recorded_at)
    )
order by arrived.stream_sequence desc
limit 1;
