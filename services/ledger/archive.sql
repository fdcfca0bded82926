-- name: project_as_of
-- One project's record at an instant; 'infinity' for now.
select ledger.project_message(record, facts) as message
from ledger.project_as_of(array[$1::text], array[$2::text], $3::timestamptz);

-- name: outreach_as_of
-- One trip's record at an instant; 'infinity' for now.
select ledger.outreach_message(record, facts) as message
from ledger.outreach_as_of(array[$1::text], array[$2::text], $3::timestamptz);

-- name: events_of
-- Every event of a project or another entity, in the order of the digest.
select source, id, subject, name, version, "on", recorded_at, stream_sequence, digest, "time", replaces, data
from ledger.event
where district = $1 and subject = $2
order by recorded_at, source, id
limit $3;
