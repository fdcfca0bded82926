-- name: next_slice
-- The keys after the key ($1, $2), of about $4 events; of one district, or of all ($3 null). Also the keys of rows without
-- events: they are to be found. Each part is cut by itself, so that none is read to its end and sorted for every slice.
select district, subject, sum(events)::bigint as events
from (
    select district, subject, events
    from (
        (
            select district, subject, 1 as events
            from ledger.event
            where (district, subject) > ($1::text, $2::text) and ($3::text is null or district = $3)
            order by district, subject
            limit $4
        )
        union all
        {rows}
    ) as known
    order by district, subject
    limit $4
) as cut
group by district, subject
order by district, subject;

-- name: rows
-- Part of `next_slice`, for each table.
(
    select district, {subject} as subject, 0
    from ledger.{table}
    where (district, {subject}) > ($1::text, $2::text) and ($3::text is null or district = $3)
    order by district, {subject}
    limit $4
);

-- name: events
-- About how many there are in all; null while nobody has counted.
select nullif(greatest(reltuples, 0), 0)::bigint from pg_class where oid = 'ledger.event'::regclass;

-- name: for_large_sorts
-- What is folded together is sorted in memory. No fold runs long enough to be worth compiling.
select set_config('work_mem', '64MB', false), set_config('jit', 'off', false);
