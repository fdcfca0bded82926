-- name: hashes
-- SHA-256 of what the rows of these keys say as messages.
select district, {subject} as subject, sha256(convert_to(ledger.{table}_message(stored)::text, 'UTF8')) as hash
from unnest($1::text[], $2::text[]) as asked (asked_district, asked_subject)
join ledger.{table} as stored on district = asked_district and {subject} = asked_subject;

-- name: messages
-- What the rows of these keys say as messages.
select district, {subject} as subject, ledger.{table}_message(stored)::text as message
from unnest($1::text[], $2::text[]) as asked (asked_district, asked_subject)
join ledger.{table} as stored on district = asked_district and {subject} = asked_subject;
