-- name: hashes
-- SHA-256 of what should stand on the stream, folded from the events, and whether the row differs; for a row without
-- events the hash is null.
select
    district, subject, differs,
    case when not folded is null then sha256(convert_to(ledger.{table}_message(folded, facts), 'UTF8')) end as hash
from ({compared}) as compared;

-- name: messages
-- What should stand on the stream, folded from the events.
select district, {subject} as subject, ledger.{table}_message(record, facts) as message
from ledger.{table}_as_of($1::text[], $2::text[], 'infinity') cross join lateral (select (record).*) as columns;
