-- name: add
-- It begins at the next sweep.
insert into notifier.silence (district, project, rule, unit, official, reason, who, since, until)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
returning id;

-- name: list
-- Those that are not over, or all of them.
select id, district, project, rule, unit, official, reason, who, since, until
from notifier.silence
where $2 or until > $1
order by until, id;

-- name: end
-- Now, instead of when it was meant to.
update notifier.silence
set until = greatest($2, since)
where until > $2 and id in (select id from notifier.silence where starts_with(id::text, $1) and until > $2)
returning id;
