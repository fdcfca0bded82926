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

-- name: put_off
-- Until $3, or for a digest until $4; until $5 for whoever has had today's, or may have had it.
with later as (
    select
        delivery.id,
        case
            when not digest then $3::timestamptz
            when exists (
                select from notifier.message
                where notice = 'digest'
                  and (message.recipient, message.channel) = (delivery.recipient, delivery.channel)
                  and message.created_at >= $2::timestamptz - interval '30 days'
                  and (sent_at >= $2 or message.state = 'sending' or (message.state = 'waiting' and again and message.created_at >= $2))
            ) then $5::timestamptz
            else $4::timestamptz
        end as until
    from notifier.delivery
    join notifier.escalation_case on escalation_case.id = delivery.case_id
    where delivery.state = 'waiting' and not_before <= $1 and paused_at is null and set_aside_at is null
)
update notifier.delivery
set not_before = later.until
from later
where delivery.id = later.id and later.until > $1;

-- name: bundle
-- All that waits for one recipient over one channel becomes one message, once the first of it has waited long enough. A
-- morning's digest waits until every case that is due has been swept, so that it is one; but not for ever. It takes up
-- what is pushed in the same minute, and joins one that could not go out yet.
with ripe as (
    select
        delivery.id, recipient, channel, delivery.not_before,
        case when bool_or(digest) over (partition by recipient, channel) then 'digest' else notice end as notice
    from notifier.delivery
    join notifier.escalation_case on escalation_case.id = delivery.case_id
    where delivery.state = 'waiting' and not_before <= $1 and paused_at is null and set_aside_at is null
), bundled as materialized (
    select recipient, channel, notice, array_agg(ripe.id) as told, min(not_before) as first_of_it
    from ripe
    group by recipient, channel, notice
    having min(not_before) <= $2
        and (notice <> 'digest' or min(not_before) <= $3 or not exists (
            select from notifier.escalation_case
            where next_fire_at <= $1 and paused_at is null and state <> 'resolved' and set_aside_at is null))
), left_over as materialized (
    select message.id, recipient, channel
    from notifier.message
    join bundled using (recipient, channel, notice)
    where message.notice = 'digest' and state = 'waiting' and not again
    for update of message skip locked
), bundles as materialized (
    select
        coalesce(
            (select id from left_over where (recipient, channel, 'digest') =
                (bundled.recipient, bundled.channel, bundled.notice) limit 1),
            gen_random_uuid()
        ) as id,
        bundled.*
    from bundled
), made as (
    insert into notifier.message (id, recipient, channel, notice, created_at, next_attempt_at)
    select id, recipient, channel, notice, $1, $1
    from bundles
    where id not in (select id from left_over)
    order by first_of_it, recipient, channel
), joined as (
    update notifier.message
    set next_attempt_at = $1, slot_at = null
    from bundles
    where message.id = bundles.id and message.created_at < $4
)
update notifier.delivery
set state = 'placed', message_id = placed.message_id
from (select id as message_id, unnest(told) as delivery_id from bundles) as placed
where delivery.id = placed.delivery_id;
