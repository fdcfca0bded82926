-- name: noted
-- What is to be published.
select name, district, subject from ledger.unpublished;

-- name: done
-- These are published.
delete from ledger.unpublished
using unnest($1::text[], $2::text[], $3::text[]) as done (name, district, subject)
where unpublished.name = done.name and unpublished.district = done.district and unpublished.subject = done.subject;

-- name: note
-- Keys of a table that are to be published.
insert into ledger.unpublished (name, district, subject)
select $1, district, subject from unnest($2::text[], $3::text[]) as lacking (district, subject)
on conflict do nothing;
