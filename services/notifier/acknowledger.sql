-- name: of_message
-- What one message told.
select id from notifier.delivery where message_id = $1;

-- name: of_person
-- What a person was told of each case last, whatever the message; of what is over, the latest month.
select distinct on (case_id) delivery.id
from notifier.delivery
join notifier.escalation_case on escalation_case.id = delivery.case_id
where recipient = $1
  and message_id is not null
  and notice = 'overdue'
  and delivery.state in ('sent', 'uncertain')
  and (escalation_case.state <> 'resolved' or resolved_at > $2::timestamptz - interval '30 days')
order by case_id, delivery.id desc;

-- name: lock_cases
-- In one order, so that two who answer at once wait for each other.
select escalation_case.*, project.record, delivery.generation as told_generation
from notifier.delivery
join notifier.escalation_case on escalation_case.id = delivery.case_id
join notifier.project on (project.district, project.project) = (escalation_case.district, escalation_case.project)
where delivery.id = any($1::bigint[])
order by escalation_case.id
for update of escalation_case;

-- name: acknowledge
-- A link answers once for each case and generation it told of.
insert into notifier.acknowledgement (case_id, generation, recipient, who, acknowledged_at, until, address, user_agent)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict do nothing
returning case_id;

-- name: stop_climb
-- Until then. The generation grows, so that what is queued is not sent any more. A clock that stands still has all of
-- the answer's time left: it stands still from the answer on.
update notifier.escalation_case
set state = 'acknowledged', next_fire_at = $2, generation = generation + 1,
    paused_at = case when paused_at is not null then $3::timestamptz end
where id = $1;

-- name: told
-- How each case stands that deliveries told of.
select
    escalation_case.*,
    project.record,
    delivery.generation as told_generation,
    delivery.rung as told_rung,
    own.acknowledged_at as own_at,
    latest.who as answered_by,
    latest.acknowledged_at as answered_at,
    latest.until as answered_until
from notifier.delivery
join notifier.escalation_case on escalation_case.id = delivery.case_id
join notifier.project on (project.district, project.project) = (escalation_case.district, escalation_case.project)
left join notifier.acknowledgement as own
    on (own.case_id, own.generation, own.recipient) = (delivery.case_id, delivery.generation, delivery.recipient)
left join lateral (
    select who, acknowledged_at, until
    from notifier.acknowledgement
    where case_id = delivery.case_id
    order by acknowledged_at desc
    limit 1
) as latest on true
where delivery.id = any($1::bigint[])
order by escalation_case.due, escalation_case.district, escalation_case.project, matter;
