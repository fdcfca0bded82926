-- name: audit
-- What should have happened by $1 and has not; by $2, what was tried for too long. Of each kind the oldest few by name.
with wrong as (
    select 'late-case' as kind, dedup_key as which, next_fire_at as since
    from notifier.escalation_case
    where next_fire_at < $1 and paused_at is null and state <> 'resolved' and set_aside_at is null
    union all
    select 'unlooked-project', district || '/' || project, next_look
    from notifier.project
    where next_look < $1 and set_aside_at is null
    union all
    select 'set-aside-project', district || '/' || project, set_aside_at
    from notifier.project
    where set_aside_at is not null
    union all
    select 'set-aside-case', dedup_key, set_aside_at
    from notifier.escalation_case
    where set_aside_at is not null and state <> 'resolved'
    union all
    select 'unbundled-delivery', dedup_key, not_before
    from notifier.delivery
    join notifier.escalation_case on escalation_case.id = delivery.case_id
    where delivery.state = 'waiting' and not_before < $1 and paused_at is null and set_aside_at is null
    union all
    select 'unsent-message', 'LD-' || lpad(number::text, 6, '0'), next_attempt_at
    from notifier.message
    where state = 'waiting' and next_attempt_at < $1
    union all
    select 'abandoned-message', 'LD-' || lpad(number::text, 6, '0'), lease_until
    from notifier.message
    where state = 'sending' and lease_until < $1
    union all
    select 'undelivered-message', 'LD-' || lpad(number::text, 6, '0'), created_at
    from notifier.message
    where state = 'waiting' and attempts > 0 and created_at < $2
    union all
    -- Nothing of this case reached the person, over any channel, and nobody has answered or settled it since.
    select 'undelivered-dead', dedup_key || ' → ' || dead.recipient, min(dead.created_at)
    from notifier.delivery as dead
    join notifier.escalation_case
        on (escalation_case.id, escalation_case.generation) = (dead.case_id, dead.generation)
    where dead.state = 'dead'
      and escalation_case.state <> 'resolved'
      and not exists (
        select from notifier.delivery as other
        where (other.case_id, other.generation, other.recipient) = (dead.case_id, dead.generation, dead.recipient)
          and other.state <> 'dead'
      )
    group by dedup_key, dead.recipient
    union all
    select 'unpublished-event', id, created_at
    from notifier.announcement
    where published_at is null and created_at < $1
)
select kind, count(*) as found, (array_agg(which order by since, which))[1:3] as which
from wrong
group by kind;

-- name: cases_by_state
-- For the gauges.
select state, count(*) as cases from notifier.escalation_case where state <> 'resolved' group by state;

-- name: messages_by_state
-- For the gauges: what has not arrived for certain.
select state, count(*) as messages from notifier.message where state in ('waiting', 'sending', 'uncertain', 'dead')
group by state;

-- name: oldest_timer
-- For the gauge of lateness: of a case, or of a project that is to be looked at.
select least(
    (
        select min(next_fire_at)
        from notifier.escalation_case
        where next_fire_at is not null and paused_at is null and state <> 'resolved' and set_aside_at is null
    ),
    (select min(next_look) from notifier.project where set_aside_at is null)
) as oldest;
