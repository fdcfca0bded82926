-- name: on_record
-- Positions (from 1) of the events that the archive holds already, with the same content.
select arrived.position
from unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
    with ordinality as arrived (district, source, id, digest, position)
join ledger.event using (district, source, id, digest);

-- name: sent_again
-- Events of which the archive holds a twin: the same said by the same sender under another id, which is given.
select arrived.position, min(event.id) as id
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    with ordinality as arrived (district, source, subject, name, id, data, position)
join ledger.event using (district, source, subject, name)
where event.id <> arrived.id and event.data = arrived.data::jsonb
group by arrived.position;

-- name: close
-- What was recorded stays recorded, so 'retried' is never taken back; 'discarded' may become 'retried'. In order, so
-- that two who close the same messages do not wait for each other.
with chosen as (
    select stream_sequence, recorded_at
    from ledger.quarantine
    join unnest($1::bigint[], $2::timestamptz[]) as wanted (stream_sequence, recorded_at)
        using (stream_sequence, recorded_at)
    where closed_as is null or (closed_as = 'discarded' and $3 = 'retried')
    order by stream_sequence, recorded_at
    for update of quarantine
),
closed as (
    update ledger.quarantine as message
    set closed_at = now(), closed_as = $3
    from chosen
    where message.stream_sequence = chosen.stream_sequence and message.recorded_at = chosen.recorded_at
    returning message.stream_sequence, message.recorded_at
)
insert into ledger.quarantine_history (stream_sequence, recorded_at, did, done_by, reason)
select stream_sequence, recorded_at, $3, $4, $5::text
from closed
returning stream_sequence, recorded_at;

-- name: note_refusals
-- Messages that were judged again and refused again: who tried, and what stands against them now.
insert into ledger.quarantine_history (stream_sequence, recorded_at, did, done_by, code, reason, field)
select stream_sequence, recorded_at, 'refused', $3::text, code, reason, field
from unnest($1::bigint[], $2::timestamptz[], $4::text[], $5::text[], $6::text[])
    as again (stream_sequence, recorded_at, code, reason, field);

-- name: districts
-- Districts of which a message was ever refused.
select distinct district
from ledger.quarantine
where district is not null and ($1::text is null or district = $1)
order by district;
