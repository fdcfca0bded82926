-- name: project_as_of
-- One project's record at an instant; 'infinity' for now.
select ledger.project_message(record, facts) as message
from ledger.project_as_of(array[$1::text], array[$2::text], $3::timestamptz);

-- name: outreach_as_of
-- One trip's record at an instant; 'infinity' for now.
select ledger.outreach_message(record, facts) as message
from ledger.outreach_as_of(array[$1::text], array[$2::text], $3::timestamptz);

-- name: target_as_of
-- One target's record at an instant; 'infinity' for now.
select ledger.target_message(record, facts) as message
from ledger.target_as_of(array[$1::text], array[$2::text], $3::timestamptz);

-- name: is_event_of
-- Whether a source has sent an event of this id about a project or another entity.
select exists (select from ledger.event where district = $1 and subject = $2 and source = $3 and id = $4);

-- name: events_of
-- The events of a project or another entity after the one of identity ($3, $4), or from the first on where these are
-- null, in the order of the digest.
select source, id, subject, name, version, "on", recorded_at, stream_sequence, digest, "time", replaces, data
from ledger.event
where
    district = $1
    and subject = $2
    and (
        $3::text is null
        or (recorded_at, source, id) > (
            select recorded_at, source, id from ledger.event where district = $1 and source = $3 and id = $4::text
        )
    )
order by recorded_at, source, id
limit $5;
