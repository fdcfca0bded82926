-- name: slices
-- All keys in their order, in slices of about $2 events; of one district, or of all (null). Also the keys of rows without
-- events: they are to be found.
select district, array_agg(subject order by subject) as subjects, sum(events)::bigint as events
from (
    select district, subject, events, div(sum(events) over (order by district, subject) - events, $2::bigint) as slice
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
group by slice, district
order by slice, district;

-- name: rows
-- Part of `slices`, for each table.
select district, {subject}, 0 from ledger.{table};

-- name: for_large_sorts
-- What is folded together is sorted in memory. No fold runs long enough to be worth compiling.
select set_config('work_mem', '64MB', false), set_config('jit', 'off', false);
