-- name: end_of_range
-- The last key of a range that begins after the key ($1, $2) and has at most $5 events, and at most as many rows of each
-- table; a key with more events is a range by itself. Null when the rest, up to the key ($3, $4), is no more than that.
select district, subject
from (
    (
        select district, subject
        from ledger.event
        where (district, subject) > ($1::text, $2::text) and (district, subject) <= ($3::text, $4::text)
        order by district, subject
        offset $5 - 1
        limit 1
    )
    union all
    {ends}
) as found
order by district, subject
limit 1;

-- name: ends
-- Part of `end_of_range`, for each table.
(
    select district, {subject} as subject
    from ledger.{table}
    where (district, {subject}) > ($1::text, $2::text) and (district, {subject}) <= ($3::text, $4::text)
    order by district, {subject}
    offset $5 - 1
    limit 1
);

-- name: keys
-- The keys after the key ($1, $2) and up to ($3, $4), with their number of events. Also the keys of rows without events:
-- they are to be found. Sorted within, too: else a plan for any range whatever reads the whole district by another index.
select district, subject, sum(events)::bigint as events
from (
    (
        select district, subject, count(*) as events
        from ledger.event
        where (district, subject) > ($1::text, $2::text) and (district, subject) <= ($3::text, $4::text)
        group by district, subject
        order by district, subject
    )
    union all
    {rows}
) as known
group by district, subject
order by district, subject;

-- name: rows
-- Part of `keys`, for each table.
select district, {subject}, 0
from ledger.{table}
where (district, {subject}) > ($1::text, $2::text) and (district, {subject}) <= ($3::text, $4::text);

-- name: events
-- About how many there are in all; null while nobody has counted.
select nullif(greatest(reltuples, 0), 0)::bigint from pg_class where oid = 'ledger.event'::regclass;

-- name: for_large_sorts
-- What is folded together is sorted in memory. No fold runs long enough to be worth compiling.
select set_config('work_mem', '64MB', false), set_config('jit', 'off', false);
