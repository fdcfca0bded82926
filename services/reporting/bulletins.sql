-- name: list
-- The newest first.
select number, through, known_by, root from reporting.bulletin where district = $1 order by known_by desc limit $2;

-- name: document
-- As it was sealed, letter by letter.
select document from reporting.bulletin where district = $1 and number = $2;
