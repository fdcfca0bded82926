-- name: copy_projects
-- Whole projects, under other names.
insert into notifier.project (district, project, revision, stream_sequence, record, next_look)
select
    district, project || '-' || copy, revision, stream_sequence,
    jsonb_set(record, '{project}', to_jsonb(project || '-' || copy)), next_look
from notifier.project
cross join generate_series(1, $1::integer) as copy;

-- name: copy_cases
-- One case for each copy, as the registrar opened that of the original.
insert into notifier.escalation_case
    (dedup_key, district, project, rule, matter, due, ladder, opened_at, next_fire_at, catch_up, clock_from, clock_days)
select
    concat_ws('/', district, project || '-' || copy, rule, matter), district, project || '-' || copy, rule, matter,
    due, ladder, opened_at, next_fire_at, catch_up, clock_from, clock_days
from notifier.escalation_case
cross join generate_series(1, $1::integer) as copy;

-- name: let_fall_due
-- So many of all, here and there in the table: ids are random.
update notifier.escalation_case
set next_fire_at = $1
where id in (select id from notifier.escalation_case order by id limit $2);
