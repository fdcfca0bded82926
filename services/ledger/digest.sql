-- name: subjects
-- Every subject of the district with its digest; "C" collation, as the columns have, is the order of the bytes.
select subject, encode(sha256(string_agg(digest, ''::bytea order by recorded_at, source, id)), 'hex') as digest
from ledger.event
where district = $1 and recorded_at <= $2
group by subject
order by subject;
