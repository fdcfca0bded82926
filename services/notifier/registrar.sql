-- name: unresolved_cases
-- Locked in one order, so that a watcher and an acknowledgement wait for each other and never in a circle.
select escalation_case.*
from notifier.escalation_case
join unnest($1::text[], $2::text[]) as wanted (district, project) using (district, project)
where state <> 'resolved'
order by id
for update of escalation_case;

-- name: just_resolved
-- What may go on as the same case. `told`: somebody heard that it was over, or may be hearing it now.
select
    escalation_case.*,
    exists (
        select from notifier.delivery
        left join notifier.message on message.id = delivery.message_id
        where delivery.case_id = escalation_case.id
          and delivery.generation = escalation_case.generation
          and delivery.notice = 'resolved'
          and (delivery.state in ('sent', 'uncertain') or message.state = 'sending' or message.again)
    ) as told
from notifier.escalation_case
join unnest($1::text[], $2::text[]) as wanted (district, project) using (district, project)
where state = 'resolved' and resolved_at > $3
order by resolved_at, id
for update of escalation_case;

-- name: silences
-- Those under way.
select id, district, project, rule, unit, official, reason, who, since, until
from notifier.silence
where since <= $1 and until > $1;

-- name: open_cases
-- A duty has at most one unresolved case.
insert into notifier.escalation_case
    (dedup_key, district, project, rule, matter, due, ladder, next_fire_at, catch_up, opened_at)
select dedup_key, district, project, rule, matter, due, ladder::jsonb, next_fire_at, catch_up, $10::timestamptz
from unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::text[], $8::timestamptz[], $9::boolean[]
) as opened (dedup_key, district, project, rule, matter, due, ladder, next_fire_at, catch_up)
on conflict (dedup_key) where state <> 'resolved' do nothing;

-- name: hold_catch_up
-- While a backlog is still being read, what it brings is held together, so that it becomes one digest a person. What
-- somebody else holds is skipped: it is being looked at, and waiting for it in no order could end in a circle.
with held as (
    select id
    from notifier.escalation_case
    where catch_up and rung = 0 and state = 'open' and opened_at >= $1::timestamptz - $2::interval
    for update skip locked
)
update notifier.escalation_case
set next_fire_at = greatest(next_fire_at, least($1::timestamptz, opened_at + $2::interval))
from held
where escalation_case.id = held.id;

-- name: reopen_cases
-- The generation grows: what was queued about its end is not sent any more. An answer counts until its time is over.
update notifier.escalation_case
set state = case
        when next_at is null then 'exhausted'
        when exists (select from notifier.acknowledgement where case_id = escalation_case.id and until = next_at)
            then 'acknowledged'
        else 'open'
    end,
    generation = generation + 1, due = reopened.due, rung = reopened.rung, next_fire_at = next_at,
    clock_from = reopened.clock_from, clock_days = reopened.clock_days,
    outcome = null, outcome_day = null, outcome_text = null, resolved_at = null
from unnest($1::uuid[], $2::date[], $3::integer[], $4::timestamptz[], $5::timestamptz[], $6::integer[])
    as reopened (id, due, rung, next_at, clock_from, clock_days)
where escalation_case.id = reopened.id;

-- name: resolve_cases
-- The generation grows, so that nothing queued before is sent any more.
update notifier.escalation_case
set state = 'resolved', outcome = ended.outcome, outcome_day = ended.day, outcome_text = ended.text, resolved_at = $5,
    next_fire_at = case when paused_at is null then next_fire_at end, paused_at = null, generation = generation + 1
from unnest($1::uuid[], $2::text[], $3::date[], $4::text[]) as ended (id, outcome, day, text)
where escalation_case.id = ended.id;

-- name: tell_resolved
-- Whoever was told, or may have been, hears over the same channel that it is over.
insert into notifier.delivery (case_id, generation, rung, recipient, channel, notice, created_at, not_before, digest)
select distinct
    told.case_id, escalation_case.generation, 0, told.recipient, told.channel, 'resolved', $2::timestamptz,
    $3::timestamptz, $4::boolean
from notifier.delivery as told
join notifier.escalation_case on escalation_case.id = told.case_id
left join notifier.message on message.id = told.message_id
where told.case_id = any($1::uuid[])
  and told.notice = 'overdue'
  and (told.state in ('sent', 'uncertain') or message.state = 'sending' or (told.state = 'placed' and message.again))
on conflict do nothing;

-- name: pause_cases
-- The instant is kept: what was left of the case's time counts from there when the project goes on.
update notifier.escalation_case set paused_at = $2 where id = any($1::uuid[]);

-- name: resume_cases
-- The timer was computed anew from what was left; an answer counts as long.
with prolonged as (
    update notifier.acknowledgement
    set until = resumed.next_at
    from unnest($1::uuid[], $2::timestamptz[]) as resumed (id, next_at)
    join notifier.escalation_case using (id)
    where escalation_case.state = 'acknowledged'
      and acknowledgement.case_id = resumed.id
      and acknowledgement.until = escalation_case.next_fire_at
)
update notifier.escalation_case
set paused_at = null, next_fire_at = resumed.next_at, clock_from = resumed.clock_from, clock_days = resumed.clock_days
from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::integer[])
    as resumed (id, next_at, clock_from, clock_days)
where escalation_case.id = resumed.id;

-- name: move_cases
-- The timetable names another day, which has passed as well.
update notifier.escalation_case
set due = moved.due
from unnest($1::uuid[], $2::date[]) as moved (id, due)
where escalation_case.id = moved.id;

-- name: plan_look
-- When time alone brings or ends the project's next duty. What could be looked at is not set aside any more.
with released as (
    update notifier.escalation_case
    set set_aside_at = null, set_aside_why = null
    from unnest($1::text[], $2::text[]) as looked_at (district, project)
    where (escalation_case.district, escalation_case.project) = (looked_at.district, looked_at.project)
      and set_aside_at is not null
)
update notifier.project
set next_look = planned.next_look, set_aside_at = null, set_aside_why = null
from unnest($1::text[], $2::text[], $3::timestamptz[]) as planned (district, project, next_look)
where (project.district, project.project) = (planned.district, planned.project)
  and (project.next_look is distinct from planned.next_look or set_aside_at is not null);

-- name: set_aside_projects
-- Until a new record comes, a process starts or an hour has passed.
update notifier.project
set set_aside_at = $4, set_aside_why = faulty.why
from unnest($1::text[], $2::text[], $3::text[]) as faulty (district, project, why)
where (project.district, project.project) = (faulty.district, faulty.project);
