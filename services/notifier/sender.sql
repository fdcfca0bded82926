-- name: claim
-- One message; a second sender skips what this one holds.
select id, number, recipient, channel, notice, attempts, again
from notifier.message
where state = 'waiting' and next_attempt_at <= $1
order by next_attempt_at, number
limit 1
for update skip locked;

-- name: lock_told
-- What a message tells of stays as it is until we are done: a case that is being resolved by somebody is seen resolved,
-- and whoever resolves one next sees our message on its way. And of two messages of one rung that die at the same
-- moment, the second to get the lock sees that the first is dead.
select escalation_case.id
from notifier.delivery
join notifier.escalation_case on escalation_case.id = delivery.case_id
where delivery.message_id = $1
order by escalation_case.id
for update of escalation_case;

-- name: drop_stale_items
-- Answered or resolved since the message was made.
update notifier.delivery
set state = 'superseded'
from notifier.escalation_case
where delivery.message_id = $1
  and delivery.state = 'placed'
  and escalation_case.id = delivery.case_id
  and escalation_case.generation <> delivery.generation;

-- name: return_paused_items
-- The project is suspended: they wait for another message.
update notifier.delivery
set state = 'waiting', message_id = null
from notifier.escalation_case
where delivery.message_id = $1
  and delivery.state = 'placed'
  and escalation_case.id = delivery.case_id
  and paused_at is not null;

-- name: items
-- What is left to tell, the one late for longest first.
select
    escalation_case.id, rule, matter, escalation_case.due, outcome, outcome_day, delivery.rung, project.record,
    escalation_case.district, escalation_case.project
from notifier.delivery
join notifier.escalation_case on escalation_case.id = delivery.case_id
join notifier.project on (project.district, project.project) = (escalation_case.district, escalation_case.project)
where delivery.message_id = $1 and delivery.state = 'placed'
order by escalation_case.due, escalation_case.district, escalation_case.project, matter;

-- name: told_before
-- Whom the rungs below reached, and when first.
select above.case_id, told.recipient, min(message.sent_at) as told_at
from notifier.delivery as above
join notifier.delivery as told on told.case_id = above.case_id and told.rung < above.rung and told.notice = 'overdue'
join notifier.message on message.id = told.message_id and message.sent_at is not null
where above.message_id = $1 and told.recipient <> above.recipient and above.notice = 'overdue'
group by above.case_id, told.recipient
order by told_at;

-- name: nothing_left
-- Everything in it was answered or resolved before it went out; an attempt that may have arrived stays on the list.
update notifier.message set state = case when again then 'uncertain' else 'superseded' end where id = $1;

-- name: lease
-- From here until the lease ends, this sender alone may send it.
update notifier.message set state = 'sending', attempts = attempts + 1, lease_until = $2 where id = $1;

-- name: record
-- Only by the sender that made this attempt: after its lease has ended, another may have made the next.
update notifier.message
set state = $3, next_attempt_at = $4, again = $5, code = $6, said = $7, lease_until = null,
    sent_at = case when $3 in ('sent', 'uncertain') then $8::timestamptz else sent_at end
where id = $1 and state = 'sending' and attempts = $2
returning id;

-- name: close_items
-- What became of the message became of everything it told.
update notifier.delivery set state = $2 where message_id = $1 and state = 'placed';

-- name: hasten
-- When nobody of a rung could be told, nobody's answer is worth waiting for.
update notifier.escalation_case
set next_fire_at = $2
from notifier.delivery
where delivery.message_id = $1
  and delivery.notice = 'overdue'
  and escalation_case.id = delivery.case_id
  and escalation_case.state = 'open'
  and (escalation_case.generation, escalation_case.rung) = (delivery.generation, delivery.rung)
  and not exists (
    select from notifier.delivery as other
    where (other.case_id, other.generation, other.rung) = (delivery.case_id, delivery.generation, delivery.rung)
      and other.state <> 'dead'
  );

-- name: abandoned
-- Whoever held the lease is gone, and did not say whether the message went out.
select id, attempts, again
from notifier.message
where state = 'sending' and lease_until <= $1
order by lease_until
limit 100
for update skip locked;
