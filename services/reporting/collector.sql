-- name: advance
-- The one guard against order and repetition: a record older than the one taken under its subject is not returned.
-- Sorted, so that two batches at once cannot wait for each other in a circle; the row lock holds until the commit.
insert into reporting.record as taken (subject, revision, stored_at, stream_sequence)
select subject, revision, stored_at, stream_sequence
from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::bigint[]) as new (subject, revision, stored_at, stream_sequence)
order by subject
on conflict (subject) do update
    set revision = excluded.revision, stored_at = excluded.stored_at, stream_sequence = excluded.stream_sequence
    where (taken.revision, taken.stored_at, taken.stream_sequence)
        <= (excluded.revision, excluded.stored_at, excluded.stream_sequence)
returning subject;

-- name: drop_projects
-- A record says everything about its project, so what was known before gives way as a whole.
delete from reporting.project old
using jsonb_to_recordset($1::jsonb) as new (district text, project text)
where old.district = new.district and old.project = new.project;

-- name: put_projects
-- The rows' keys are the columns' names.
insert into reporting.project
select * from jsonb_populate_recordset(null::reporting.project, $1::jsonb);

-- name: drop_facts
-- By project and not by fact: a fact that the new record no longer holds must go too.
delete from reporting.fact old
using jsonb_to_recordset($1::jsonb) as new (district text, project text)
where old.district = new.district and old.project = new.project;

-- name: put_facts
-- The rows' keys are the columns' names.
insert into reporting.fact
select * from jsonb_populate_recordset(null::reporting.fact, $1::jsonb);

-- name: drop_target_facts
-- By target and not by fact, for the same reason.
delete from reporting.target_fact old
using jsonb_to_recordset($1::jsonb) as new (district text, year integer, indicator text)
where old.district = new.district and old.year = new.year and old.indicator = new.indicator;

-- name: put_target_facts
-- The rows' keys are the columns' names.
insert into reporting.target_fact
select * from jsonb_populate_recordset(null::reporting.target_fact, $1::jsonb);

-- name: put_quarantine
-- The number of parked messages is a state, not a step.
insert into reporting.quarantine (district, parked)
select district, parked from unnest($1::text[], $2::bigint[]) as new (district, parked) order by district
on conflict (district) do update set parked = excluded.parked;

-- name: keep_unread
-- Not kept when something readable came later under the same subject: a repetition must not bring it back.
insert into reporting.unread (subject, district, stored_at, stream_sequence, reason, raw)
select $1::text, $2::text, $3::timestamptz, $4::bigint, $5::text, $6::bytea
where not exists (
    select from reporting.record taken
    where taken.subject = $1 and (taken.stored_at, taken.stream_sequence) > ($3, $4)
)
on conflict (subject) do update
    set stored_at = excluded.stored_at, stream_sequence = excluded.stream_sequence,
        reason = excluded.reason, raw = excluded.raw
    where (unread.stored_at, unread.stream_sequence) <= (excluded.stored_at, excluded.stream_sequence);

-- name: forget_unread
-- A readable record answers what could not be read before it under its subject.
delete from reporting.unread old
using unnest($1::text[], $2::timestamptz[], $3::bigint[]) as new (subject, stored_at, stream_sequence)
where old.subject = new.subject and (old.stored_at, old.stream_sequence) <= (new.stored_at, new.stream_sequence);

-- name: count_unread
-- For the gauge.
select count(*) from reporting.unread;
