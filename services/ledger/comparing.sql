-- name: compared
-- The rows beside what their events fold to, and whether they differ, to the last bit. One statement, so that archive and
-- rows are seen at one instant: a recorder commits both together.
with folded as (
    select record as folded, facts, {key}
    from ledger.{table}_as_of($1::text[], $2::text[], 'infinity') cross join lateral (select (record).*) as columns
),
live as (
    select stored as live, stored.xmin as version, {key}
    from unnest($1::text[], $2::text[]) as asked (asked_district, asked_subject)
    join ledger.{table} as stored on district = asked_district and {subject} = asked_subject
)
select
    district, {subject} as subject, folded, facts, live, version,
    folded is null or live is null or folded *<> live as differs
from folded full join live using ({key});
