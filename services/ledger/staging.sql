-- name: drop_keys
-- What an earlier run left.
drop table if exists ledger.rebuilt_{table}_key;

-- name: drop_rows
-- What an earlier run left.
drop table if exists ledger.rebuilt_{table};

-- name: make_keys
-- The keys at which the table will change; `version` is that of the row which was found, null when there was none.
-- Unlogged: a crash of the server empties it, and has ended the rebuild, too.
create unlogged table ledger.rebuilt_{table}_key (
    district text collate "C" not null,
    subject text collate "C" not null,
    version xid,
    primary key (district, subject)
);

-- name: make_rows
-- The rows that will stand there; none for a key that shall have none.
create unlogged table ledger.rebuilt_{table} (like ledger.{table});

-- name: put_aside
-- Compares and puts aside what differs. Finds the keys whose fold, by its number or its digest, does not account for every
-- event: it is broken.
with compared as materialized (select district, subject, folded, version from ({compared}) as compared where differs),
keys as (
    insert into ledger.rebuilt_{table}_key (district, subject, version) select district, subject, version from compared
),
rows as (
    insert into ledger.rebuilt_{table} select (folded).* from compared where not folded is null
)
select district, subject
from compared
where not folded is null and ((folded).revision, (folded).digest) <> (
    select count(*), sha256(string_agg(event.digest, ''::bytea order by event.recorded_at, event.source, event.id))
    from ledger.event
    where event.district = compared.district and event.subject = compared.subject
);

-- name: take_out
-- A row that a recorder wrote after it was compared has another version: it is right, and stays.
delete from ledger.{table} as stored
using ledger.rebuilt_{table}_key as key
where stored.district = key.district and {subject} = key.subject and stored.xmin = key.version;

-- name: put_in
-- What still stands there was written by recorders after it was compared.
insert into ledger.{table} select * from ledger.rebuilt_{table} on conflict do nothing;

-- name: to_publish
-- What the swap changes is published after it, also when this process ends in between.
insert into ledger.unpublished (name, district, subject)
select '{table}', district, subject from ledger.rebuilt_{table}_key
on conflict do nothing;

-- name: size
-- How many rows are to change.
select count(*) from ledger.rebuilt_{table}_key;
