-- name: stretches
-- Where to cut the keys, in their order, into stretches of about $2 events; of one district, or of all (null). The keys
-- of rows without events count, too: they are to be found.
select
    (array_agg(district order by district, subject))[1] as district,
    (array_agg(subject order by district, subject))[1] as subject,
    sum(events)::bigint as events
from (
    select district, subject, events, div(sum(events) over (order by district, subject) - events, $2::bigint) as stretch
    from (
        select district, subject, sum(events)::bigint as events
        from (
            select district, subject, 1 as events from ledger.event
            union all
            {rows}
        ) as known
        where $1::text is null or district = $1
        group by district, subject
    ) as key
) as placed
group by stretch
order by stretch;

-- name: rows
-- Part of `stretches`, for each table.
select district, {subject}, 0 from ledger.{table};

-- name: keys
-- The keys from one (with it) to another (without it).
select district, subject from ledger.event where (district, subject) >= ($1, $2) and (district, subject) < ($3, $4)
union
{rows_between}
order by district, subject;

-- name: rows_between
-- Part of `keys`, for each table.
select district, {subject} from ledger.{table} where (district, {subject}) >= ($1, $2) and (district, {subject}) < ($3, $4);

-- name: for_large_sorts
-- What is folded together is sorted in memory. No fold runs long enough to be worth compiling.
select set_config('work_mem', '64MB', false), set_config('jit', 'off', false);
