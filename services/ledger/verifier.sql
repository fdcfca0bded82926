-- name: differences
-- What differs, by column, as text. Neither needless nor missing nor a column: the same text, stored otherwise.
select
    district,
    subject,
    folded is null as needless,
    live is null as missing,
    column_name,
    is_now,
    should_be
from ({compared}) as compared
left join lateral (
    select column_name, stored.value as is_now, fold.value as should_be
    from jsonb_each_text(to_jsonb(live)) as stored (column_name, value)
    full join jsonb_each_text(to_jsonb(folded)) as fold (column_name, value) using (column_name)
    where stored.value is distinct from fold.value
) as by_column on not (folded is null or live is null)
where differs
order by district, subject, column_name;
