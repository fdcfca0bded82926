-- name: unresolved_cases
-- Locked in one order, so that a watcher and an acknowledgement wait for each other and never in a circle.
select escalation_case.*
from notifier.escalation_case
join unnest($1::text[], $2::text[]) as wanted (district, project) using (district, project)
where state <> 'resolved'
order by id
for update of escalation_case;

-- name: open_case
-- A duty has at most one unresolved case.
insert into notifier.escalation_case
    (dedup_key, district, project, rule, matter, due, ladder, opened_at, next_fire_at, catch_up)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
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

-- name: resolve_case
-- The generation grows, so that nothing queued before is sent any more.
update notifier.escalation_case
set state = 'resolved', outcome = $2, outcome_day = $3, resolved_at = $4, next_fire_at = null, generation = generation + 1
where id = $1;

-- name: tell_resolved
-- Whoever was told, or may have been, hears over the same channel that it is over.
insert into notifier.delivery (case_id, generation, rung, recipient, channel, notice, created_at, not_before)
select distinct told.case_id, escalation_case.generation, 0, told.recipient, told.channel, 'resolved', $2::timestamptz, $3::timestamptz
from notifier.delivery as told
join notifier.escalation_case on escalation_case.id = told.case_id
left join notifier.message on message.id = told.message_id
where told.case_id = $1
  and told.notice = 'overdue'
  and (told.state in ('sent', 'uncertain') or message.state = 'sending' or (told.state = 'placed' and message.again))
on conflict do nothing;

-- name: pause_case
-- The instant is kept: what was left of the case's time counts from there when the project goes on.
update notifier.escalation_case set paused_at = $2 where id = $1;

-- name: resume_case
-- The timer was computed anew from what was left.
update notifier.escalation_case set paused_at = null, next_fire_at = $2 where id = $1;

-- name: move_case
-- The timetable names another day, which has passed as well.
update notifier.escalation_case set due = $2 where id = $1;

-- name: plan_look
-- When time alone brings the project's next duty.
update notifier.project
set next_look = planned.next_look
from unnest($1::text[], $2::text[], $3::date[]) as planned (district, project, next_look)
where (project.district, project.project) = (planned.district, planned.project)
  and project.next_look is distinct from planned.next_look;
