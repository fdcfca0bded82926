-- name: audit
-- What should have happened by $1 and has not; by $2, what was tried for too long.
select 'late-case' as kind, count(*) as found
from notifier.escalation_case
where next_fire_at < $1 and paused_at is null and state <> 'resolved'
union all
select 'unbundled-delivery', count(*)
from notifier.delivery
join notifier.escalation_case on escalation_case.id = delivery.case_id
where delivery.state = 'waiting' and not_before < $1 and paused_at is null
union all
select 'unsent-message', count(*) from notifier.message where state = 'waiting' and next_attempt_at < $1
union all
select 'abandoned-message', count(*) from notifier.message where state = 'sending' and lease_until < $1
union all
select 'undelivered-message', count(*)
from notifier.message
where state = 'waiting' and attempts > 0 and created_at < $2
union all
select 'unpublished-event', count(*) from notifier.announcement where published_at is null and created_at < $1;

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
