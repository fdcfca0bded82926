-- name: records
-- The project by its id, in one district or in all.
select district, project, record
from notifier.project
where project = $1 and ($2::text is null or district = $2)
order by district;

-- name: cases
-- Those of one project that are not resolved.
select * from notifier.escalation_case where (district, project) = ($1, $2) and state <> 'resolved' order by due, id;
