-- name: projects_to_look_at
-- A duty of theirs began by the passing of a day, without any event.
select record
from notifier.project
where next_look <= $1
order by next_look, district, project
limit 200
for update skip locked;

-- name: due_cases
-- Whose time has come. A second sweeper skips what this one holds.
select escalation_case.*, project.record
from notifier.escalation_case
join notifier.project using (district, project)
where next_fire_at <= $1 and paused_at is null and state <> 'resolved'
order by next_fire_at
limit 100
for update of escalation_case skip locked;

-- name: climb
-- The rung has fired; an acknowledgement that ran out is over.
update notifier.escalation_case set state = 'open', rung = $2, next_fire_at = $3 where id = $1;

-- name: exhaust
-- No further rung; the case stays to be seen.
update notifier.escalation_case set state = 'exhausted', next_fire_at = null where id = $1;

-- name: wait
-- Not now: outside the hours in which messages go out.
update notifier.escalation_case set next_fire_at = $2 where id = $1;

-- name: tell
-- Once for a case, generation, rung, recipient and channel, whoever asks how often.
insert into notifier.delivery (case_id, generation, rung, recipient, channel, notice, created_at, not_before)
values ($1, $2, $3, $4, $5, 'overdue', $6, $6)
on conflict do nothing;

-- name: found_nobody
-- Stays listed: somebody should have been told, and was not.
insert into notifier.delivery
    (case_id, generation, rung, recipient, channel, notice, created_at, not_before, state, reason)
values ($1, $2, $3, $4, 'none', 'overdue', $5, $5, 'dead', $6)
on conflict do nothing;

-- name: cases_by_state
-- For the gauges.
select state, count(*) as cases from notifier.escalation_case where state <> 'resolved' group by state;

-- name: messages_by_state
-- For the gauges: what has not arrived for certain.
select state, count(*) as messages from notifier.message where state in ('waiting', 'sending', 'uncertain', 'dead')
group by state;

-- name: oldest_timer
-- For the gauge of lateness.
select min(next_fire_at) as oldest
from notifier.escalation_case
where next_fire_at is not null and paused_at is null and state <> 'resolved';
