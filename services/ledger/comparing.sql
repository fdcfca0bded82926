-- name: compared
-- The keys at which a row is not, to the last bit, what its events fold to. One statement, so that archive and rows are
-- seen at one instant: a recorder commits both together.
with folded as (
    select fold as folded, {key}
    from ledger.{table}_as_of($1::text[], $2::text[], 'infinity') as fold
),
live as (
    select stored as live, stored.xmin as version, {key}
    from unnest($1::text[], $2::text[]) as asked (asked_district, asked_subject)
    join ledger.{table} as stored on district = asked_district and {subject} = asked_subject
)
select district, {subject} as subject, folded, live, version
from folded full join live using ({key})
where folded is null or live is null or folded *<> live;
