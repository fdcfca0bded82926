-- name: unresolved
-- What is at its end, then what has climbed furthest, and of that what is late for longest. A page begins after a case
-- wherever that stands by now.
select escalation_case.*, project.record, project.set_aside_why as project_set_aside_why
from notifier.escalation_case
join notifier.project using (district, project)
where state <> 'resolved'
  and ($1::text is null or escalation_case.district = $1)
  and ($2::text is null or record ->> 'lead_unit' = $2)
  and ($3::text is null or record ->> 'lead_official' = $3)
  and ($4::text is null or exists (
    select from notifier.delivery
    where delivery.case_id = escalation_case.id and recipient = $4 and message_id is not null
  ))
  and ($5::text is null or rule = $5)
  and ($6::text is null or ($6 = 'paused' and paused_at is not null) or state = $6)
  and ($7::uuid is null or (state <> 'exhausted', -rung, due, district, project, id) > (
    select last.state <> 'exhausted', -last.rung, last.due, last.district, last.project, last.id
    from notifier.escalation_case as last
    where last.id = $7
  ))
order by state <> 'exhausted', -rung, due, district, project, id
limit $8;

-- name: counts
-- Over all of them, whatever the page shows.
select state, count(*) as cases, count(*) filter (where paused_at is not null) as paused
from notifier.escalation_case
join notifier.project using (district, project)
where state <> 'resolved'
  and ($1::text is null or escalation_case.district = $1)
  and ($2::text is null or record ->> 'lead_unit' = $2)
  and ($3::text is null or record ->> 'lead_official' = $3)
  and ($4::text is null or exists (
    select from notifier.delivery
    where delivery.case_id = escalation_case.id and recipient = $4 and message_id is not null
  ))
  and ($5::text is null or rule = $5)
group by state;

-- name: districts
-- To choose from.
select distinct district from notifier.escalation_case where state <> 'resolved' order by district;

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
select escalation_case.*, project.record, project.set_aside_why as project_set_aside_why
from notifier.escalation_case
join notifier.project using (district, project)
where state = 'resolved' and rung > 0
  and ($1::text is null or escalation_case.district = $1)
  and ($2::text is null or record ->> 'lead_unit' = $2)
  and ($3::text is null or record ->> 'lead_official' = $3)
  and ($4::text is null or exists (
    select from notifier.delivery
    where delivery.case_id = escalation_case.id and recipient = $4 and message_id is not null
  ))
  and ($5::text is null or rule = $5)
order by resolved_at desc
limit $6;

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
