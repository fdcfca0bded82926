-- name: rows_seen
-- Which of the awaited events the archive shows.
select source, id
from unnest($1::text[], $2::text[]) as awaited (source, id)
join {archive} as event using (source, id)
where event.district = $3;
