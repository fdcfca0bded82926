-- name: list
-- The newest first.
select number, through, known_by, root
from reporting.bulletin
where district = $1 and ($2::timestamptz is null or (known_by, number collate "C") < ($2, $3::text collate "C"))
order by known_by desc, number collate "C" desc
limit $4;

-- name: document
-- As it was sealed, letter by letter.
select document from reporting.bulletin where district = $1 and number = $2;
