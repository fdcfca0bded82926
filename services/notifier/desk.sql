-- name: unresolved
-- The next to fire first; what will not fire by itself, last.
select escalation_case.*, project.record
from notifier.escalation_case
join notifier.project using (district, project)
where state <> 'resolved'
order by (state = 'exhausted') desc, rung desc, due, district, project, matter
limit $1;

-- name: counts
-- Over all of them, whatever the page shows.
select state, count(*) as cases from notifier.escalation_case where state <> 'resolved' group by state;

-- name: deliveries
-- Who was told, when, over which channel, and what the provider said.
select
    case_id, delivery.rung, delivery.recipient, delivery.channel, delivery.notice, delivery.state, delivery.created_at,
    delivery.reason, message.number, message.state as message_state, message.attempts, message.sent_at, message.code,
    message.said, message.next_attempt_at, message.id as message_id
from notifier.delivery
left join notifier.message on message.id = delivery.message_id
where case_id = any($1::uuid[])
order by case_id, delivery.rung, delivery.id;

-- name: acknowledgements
-- The latest first.
select case_id, who, acknowledged_at, until
from notifier.acknowledgement
where case_id = any($1::uuid[])
order by acknowledged_at desc;

-- name: resolved
-- What ended last.
select escalation_case.*, project.record
from notifier.escalation_case
join notifier.project using (district, project)
where state = 'resolved' and rung > 0
order by resolved_at desc
limit $1;

-- name: requeue
-- A message that was given up, or that may not have arrived, goes out again, under its number, as far as it still tells
-- something, and is tried as patiently as a new one.
with again as (
    update notifier.message
    set state = 'waiting', next_attempt_at = $2, slot_at = null, attempts = 0
    where id = $1 and state in ('dead', 'uncertain')
    returning id
), items as (
    update notifier.delivery
    set state = 'placed'
    from again, notifier.escalation_case
    where delivery.message_id = again.id
      and delivery.state in ('dead', 'uncertain')
      and escalation_case.id = delivery.case_id
      and escalation_case.generation = delivery.generation
)
select id from again;
