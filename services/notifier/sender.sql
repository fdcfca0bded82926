-- name: put_off
-- Nobody is to hear now: until $3, and a digest until $4.
with early as (
    select id
    from notifier.message
    where state = 'waiting'
      and next_attempt_at <= $1
      and ($2::text is null or channel = $2)
      and case when notice = 'digest' then $4::timestamptz else $3::timestamptz end > $1
    for update skip locked
)
update notifier.message
set next_attempt_at = case when notice = 'digest' then $4 else $3 end, slot_at = null
from early
where message.id = early.id;

-- name: claim
-- A batch, of one channel or of all; a second sender skips what this one holds. What tells of a project that is to be
-- looked at waits for that: time may have ended what it says.
select id, number, recipient, channel, notice, attempts, again, slot_at
from notifier.message
where state = 'waiting' and next_attempt_at <= $1 and ($2::text is null or channel = $2)
  and (
    -- Asked once; mostly there is none, and then nothing needs to be asked of each message.
    not exists (select from notifier.project where next_look <= $1 and set_aside_at is null)
    or not exists (
      select from notifier.delivery
      join notifier.escalation_case on escalation_case.id = delivery.case_id
      join notifier.project using (district, project)
      where delivery.message_id = message.id and delivery.state = 'placed'
        and next_look <= $1 and project.set_aside_at is null
    )
  )
order by next_attempt_at, number
limit $3
for update skip locked;

-- name: lock_told
-- What messages tell of stays as it is until we are done: a case that is being resolved by somebody is seen resolved,
-- and whoever resolves one next sees our message on its way. And of two messages of one rung that die at the same
-- moment, the second to get the lock sees that the first is dead.
select id
from notifier.escalation_case
where id in (select case_id from notifier.delivery where message_id = any($1::uuid[]))
order by id
for update;

-- name: drop_stale_items
-- Answered or resolved since the message was made.
update notifier.delivery
set state = 'superseded'
from notifier.escalation_case
where delivery.message_id = any($1::uuid[])
  and delivery.state = 'placed'
  and escalation_case.id = delivery.case_id
  and escalation_case.generation <> delivery.generation;

-- name: return_paused_items
-- The project is suspended: they wait for another message.
update notifier.delivery
set state = 'waiting', message_id = null
from notifier.escalation_case
where delivery.message_id = any($1::uuid[])
  and delivery.state = 'placed'
  and escalation_case.id = delivery.case_id
  and paused_at is not null;

-- name: items
-- What is left to tell, the one late for longest first.
select
    delivery.message_id, escalation_case.id, rule, matter, escalation_case.due, outcome, outcome_text, delivery.rung,
    project.record, escalation_case.district, escalation_case.project, dedup_key
from notifier.delivery
join notifier.escalation_case on escalation_case.id = delivery.case_id
join notifier.project on (project.district, project.project) = (escalation_case.district, escalation_case.project)
where delivery.message_id = any($1::uuid[]) and delivery.state = 'placed'
order by escalation_case.due, escalation_case.district, escalation_case.project, matter;

-- name: set_aside_items
-- Of these messages, cases that cannot be told of: each waits for another message, until it is taken up again.
with faulty as (
    select * from unnest($2::uuid[], $3::text[]) as faulty (case_id, why)
), cases as (
    update notifier.escalation_case
    set set_aside_at = $4, set_aside_why = faulty.why
    from faulty
    where escalation_case.id = faulty.case_id
)
update notifier.delivery
set state = 'waiting', message_id = null
from faulty
where delivery.case_id = faulty.case_id and delivery.message_id = any($1::uuid[]) and delivery.state = 'placed';

-- name: told_before
-- Whom the rungs below reached, when first, and whether they answered. A case has few deliveries: they are looked up for each.
select
    above.message_id, above.case_id, below.recipient, below.told_at,
    exists (
        select from notifier.acknowledgement
        where (acknowledgement.case_id, acknowledgement.recipient) = (above.case_id, below.recipient)
    ) as answered
from notifier.delivery as above
cross join lateral (
    select told.recipient, min(message.sent_at) as told_at
    from notifier.delivery as told
    join notifier.message on message.id = told.message_id and message.sent_at is not null
    where told.case_id = above.case_id
      and told.rung < above.rung
      and told.notice = 'overdue'
      and told.recipient <> above.recipient
    group by told.recipient
) as below
where above.message_id = any($1::uuid[]) and above.notice = 'overdue' and above.rung > 1
order by below.told_at;

-- name: told_earlier
-- How much that a digest's reader was told of before, and is not in it, is not over; and how that stands.
select
    message.id as message_id,
    count(distinct told.case_id) as others,
    count(distinct told.case_id) filter (where escalation_case.state = 'acknowledged') as answered,
    count(distinct told.case_id) filter (where escalation_case.state = 'exhausted') as exhausted
from notifier.message
join notifier.delivery as told on told.recipient = message.recipient and told.state = 'sent' and told.notice = 'overdue'
join notifier.escalation_case on escalation_case.id = told.case_id and escalation_case.state <> 'resolved'
where message.id = any($1::uuid[])
  and message.notice = 'digest'
  and not exists (
    select from notifier.delivery as here where here.message_id = message.id and here.case_id = told.case_id
  )
group by message.id;

-- name: nothing_left
-- Everything in it was answered or resolved before it went out; an attempt that may have arrived stays on the list.
update notifier.message
set state = case when again then 'uncertain' else 'superseded' end
where id = any($1::uuid[]);

-- name: make_buckets
-- One for each bot, from its first message on.
insert into notifier.bucket (key) select unnest($1::text[]) on conflict do nothing;

-- name: lock_buckets
-- In one order, so that two senders wait for each other and never in a circle.
select key, booked_until, blocked_until from notifier.bucket where key = any($1::text[]) order by key for update;

-- name: book
-- The next sender books after these.
update notifier.bucket
set booked_until = booked.until
from unnest($1::text[], $2::timestamptz[]) as booked (key, until)
where bucket.key = booked.key;

-- name: block
-- The provider takes nothing from this bot until then, whoever sends it.
insert into notifier.bucket (key, blocked_until)
values ($1, $2)
on conflict (key) do update set blocked_until = greatest(bucket.blocked_until, excluded.blocked_until);

-- name: postpone
-- Their turn comes then.
update notifier.message
set next_attempt_at = postponed.at, slot_at = postponed.slot_at
from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as postponed (id, at, slot_at)
where message.id = postponed.id;

-- name: lease
-- From here until the lease ends, this sender alone may send them.
update notifier.message
set state = 'sending', attempts = attempts + 1, lease_until = $2, slot_at = null
where id = any($1::uuid[]);

-- name: record
-- Only by the sender that made this attempt: after its lease has ended, another may have made the next.
update notifier.message
set state = answered.state, next_attempt_at = answered.next_attempt_at, again = answered.again, code = answered.code,
    said = answered.said, lease_until = null,
    sent_at = case when answered.state in ('sent', 'uncertain') then $8::timestamptz else sent_at end
from unnest($1::uuid[], $2::integer[], $3::text[], $4::timestamptz[], $5::boolean[], $6::text[], $7::text[])
    as answered (id, attempts, state, next_attempt_at, again, code, said)
where message.id = answered.id and message.state = 'sending' and message.attempts = answered.attempts
returning message.id, message.state, message.recipient, message.channel;

-- name: close_items
-- What became of a message became of everything it told.
update notifier.delivery
set state = message.state
from notifier.message
where message.id = any($1::uuid[]) and delivery.message_id = message.id and delivery.state = 'placed';

-- name: take_next_channel
-- What could not be told on one channel, or may not have been, is told on the recipient's next; a case that moved on
-- meanwhile is not.
insert into notifier.delivery
    (case_id, generation, rung, recipient, channel, notice, digest, created_at, not_before)
select
    lost.case_id, lost.generation, lost.rung, lost.recipient, following.channel, lost.notice, lost.digest,
    $3::timestamptz, $3::timestamptz
from unnest($1::uuid[], $2::text[]) as following (message_id, channel)
join notifier.delivery as lost on lost.message_id = following.message_id and lost.state in ('dead', 'uncertain')
join notifier.escalation_case
    on (escalation_case.id, escalation_case.generation) = (lost.case_id, lost.generation)
on conflict do nothing;

-- name: hasten
-- When nobody of a rung can be reached ($3: the codes that say so), nobody's answer is worth waiting for. What is
-- refused for other reasons, or by a system, takes no case up its ladder before its time.
update notifier.escalation_case
set next_fire_at = $2, clock_from = $2, clock_days = 0
from notifier.delivery
where delivery.message_id = any($1::uuid[])
  and delivery.notice = 'overdue'
  and escalation_case.id = delivery.case_id
  and escalation_case.state = 'open'
  and (escalation_case.generation, escalation_case.rung) = (delivery.generation, delivery.rung)
  and (
    select
        bool_and(other.state = 'dead' and (other.channel in ('webhook', 'none') or message.code = any($3::text[])))
        and bool_or(message.code = any($3))
    from notifier.delivery as other
    left join notifier.message on message.id = other.message_id
    where (other.case_id, other.generation, other.rung) = (delivery.case_id, delivery.generation, delivery.rung)
  );

-- name: abandoned
-- Whoever held the lease is gone, and did not say whether the message went out.
select id, attempts, again, channel, recipient, notice
from notifier.message
where state = 'sending' and lease_until <= $1 and ($2::text is null or channel = $2)
order by lease_until
limit $3
for update skip locked;
