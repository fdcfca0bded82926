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
-- All that waits for one recipient over one channel becomes one message, once the first of it has waited long enough.
with ripe as (
    select delivery.id, recipient, channel, notice, delivery.not_before
    from notifier.delivery
    join notifier.escalation_case on escalation_case.id = delivery.case_id
    where delivery.state = 'waiting' and not_before <= $1 and paused_at is null
), bundles as (
    insert into notifier.message (recipient, channel, notice, created_at, next_attempt_at)
    select recipient, channel, notice, $1, $1
    from ripe
    group by recipient, channel, notice
    having min(not_before) <= $2
    order by min(not_before), recipient, channel
    returning id, recipient, channel, notice
)
update notifier.delivery
set state = 'placed', message_id = bundles.id
from ripe
join bundles using (recipient, channel, notice)
where delivery.id = ripe.id;
