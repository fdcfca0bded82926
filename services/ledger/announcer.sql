-- name: count
-- How much is to be published.
select count(*) from ledger.unpublished;

-- name: take
-- Some of what is to be published, for one who commits when it is.
delete from ledger.unpublished
where ctid = any (array(select ctid from ledger.unpublished limit $1 for update skip locked))
returning name, district, subject;

-- name: note
-- Keys of a table that are to be published.
insert into ledger.unpublished (name, district, subject)
select $1, district, subject from unnest($2::text[], $3::text[]) as lacking (district, subject)
on conflict do nothing;
