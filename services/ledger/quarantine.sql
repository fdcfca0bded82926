-- name: page
-- Refused messages in the order in which the stream stored them, from a place on.
select *
from ledger.parked
where
    ($1::text is null or district = $1)
    and ($2::text is null or unit = $2)
    and ($3::text is null or code = $3)
    and ($4::timestamptz is null or recorded_at >= $4)
    and ($5::boolean or closed_at is null)
    and ($6::timestamptz is null or (recorded_at, stream_sequence) > ($6, $7::bigint))
order by recorded_at, stream_sequence
limit $8;

-- name: tally
-- How many there are of each reason, the most frequent first.
select code, count(*)::integer as messages
from ledger.parked
where
    ($1::text is null or district = $1)
    and ($2::text is null or unit = $2)
    and ($3::text is null or code = $3)
    and ($4::timestamptz is null or recorded_at >= $4)
    and ($5::boolean or closed_at is null)
group by code
order by messages desc, code;

-- name: places
-- A sequence number stands twice where a stream was made anew and counted from 1 again.
select stream_sequence, recorded_at
from ledger.quarantine
where stream_sequence = any ($1::bigint[])
order by stream_sequence, recorded_at;

-- name: history
-- What was done about a message, oldest first.
select done_at, done_by, did, code, reason, field
from ledger.quarantine_history
where stream_sequence = $1 and recorded_at = $2
order by entry;

-- name: kept
-- Messages as the stream held them, with what stands against them now; in the order of the stream.
select parked.*, message.raw
from unnest($1::bigint[], $2::timestamptz[]) as wanted (stream_sequence, recorded_at)
join ledger.parked using (stream_sequence, recorded_at)
join ledger.quarantine as message using (stream_sequence, recorded_at)
order by recorded_at, stream_sequence;
