-- name: only_one
-- Two bundlers at once would tear one person's messages apart.
select pg_try_advisory_xact_lock(hashtext('notifier.bundler'));

-- name: drop_stale
-- The case was answered or resolved before anything went out.
update notifier.delivery
set state = 'superseded'
from notifier.escalation_case
where delivery.state = 'waiting'
  and escalation_case.id = delivery.case_id
  and escalation_case.generation <> delivery.generation;

-- name: bundle
-- All that waits for one recipient over one channel becomes one message, once the first of it has waited long enough. A
-- morning's digest waits until every case that is due has been swept, so that it is one; but not for ever.
with ripe as (
    select delivery.id, recipient, channel, case when digest then 'digest' else notice end as notice, delivery.not_before
    from notifier.delivery
    join notifier.escalation_case on escalation_case.id = delivery.case_id
    where delivery.state = 'waiting' and not_before <= $1 and paused_at is null
), bundles as materialized (
    select
        gen_random_uuid() as id, recipient, channel, notice, array_agg(ripe.id) as told, min(not_before) as first_of_it
    from ripe
    group by recipient, channel, notice
    having min(not_before) <= $2
        and (notice <> 'digest' or min(not_before) <= $3 or not exists (
            select from notifier.escalation_case
            where next_fire_at <= $1 and paused_at is null and state <> 'resolved'))
), made as (
    insert into notifier.message (id, recipient, channel, notice, created_at, next_attempt_at)
    select id, recipient, channel, notice, $1, $1
    from bundles
    order by first_of_it, recipient, channel
)
update notifier.delivery
set state = 'placed', message_id = placed.message_id
from (select id as message_id, unnest(told) as delivery_id from bundles) as placed
where delivery.id = placed.delivery_id;
