-- name: adopt
-- Whether the policy is another one than last time: then everything is to be looked at again.
insert into notifier.policy_in_force (only_one, fingerprint, since)
values (true, $1, $2)
on conflict (only_one) do update set fingerprint = excluded.fingerprint, since = excluded.since
where policy_in_force.fingerprint <> excluded.fingerprint
returning fingerprint;

-- name: look_at_all
-- Now, and not all in one transaction.
update notifier.project set next_look = least(next_look, $1::timestamptz);

-- name: take_up_again
-- What was set aside by $1 is tried once more.
with cases as (
    update notifier.escalation_case set set_aside_at = null, set_aside_why = null where set_aside_at <= $1
)
update notifier.project set set_aside_at = null, set_aside_why = null where set_aside_at <= $1;

-- name: set_aside_cases
-- Until its project is looked at, a process starts or an hour has passed.
update notifier.escalation_case
set set_aside_at = $3, set_aside_why = faulty.why
from unnest($1::uuid[], $2::text[]) as faulty (id, why)
where escalation_case.id = faulty.id;

-- name: running_clocks
-- Timers that were computed from a number of working days and have not gone off.
select id, dedup_key, ladder, rung, clock_from, clock_days, next_fire_at
from notifier.escalation_case
where state = 'open' and clock_from is not null and paused_at is null and next_fire_at > $1
for update;

-- name: set_timers
-- By the calendar as it is known now.
update notifier.escalation_case
set next_fire_at = computed.next_at
from unnest($1::uuid[], $2::timestamptz[]) as computed (id, next_at)
where escalation_case.id = computed.id;

-- name: agenda
-- Whether time or a silence brought or ended a duty, whether a timer is due, and whether something was set aside by $2:
-- all that an idle round asks. By the least value, which an index has at its end; whether any row is due at all may be
-- looked for in the whole table.
select
    coalesce((select min(next_look) from notifier.project where set_aside_at is null) <= $1, false)
        or exists (select from notifier.silence where (not begun and since <= $1) or (not over and until <= $1)) as look,
    coalesce(min(next_fire_at) <= $1, false) as fire,
    coalesce((select min(set_aside_at) from notifier.project) <= $2, false)
        or coalesce((select min(set_aside_at) from notifier.escalation_case) <= $2, false) as again
from notifier.escalation_case
where next_fire_at is not null and paused_at is null and state <> 'resolved' and set_aside_at is null;

-- name: turn_silences
-- Those that began or ended since anybody looked.
update notifier.silence
set begun = true, over = until <= $1
where (not begun and since <= $1) or (not over and until <= $1)
returning district, project;

-- name: look_at_silenced
-- A silence holds up cases, and releases them.
update notifier.project
set next_look = least(next_look, $1::timestamptz)
from unnest($2::text[], $3::text[]) as turned (district, project)
where (turned.district is null or turned.district = project.district)
  and (turned.project is null or turned.project = project.project);

-- name: projects_to_look_at
-- A duty of theirs began or ended by the passing of time, without any event.
select district, project, record
from notifier.project
where next_look <= $1 and set_aside_at is null
order by next_look, district, project
limit 500
for update skip locked;

-- name: due_cases
-- Whose time has come. A second sweeper skips what this one holds.
select escalation_case.*, project.record
from notifier.escalation_case
join notifier.project using (district, project)
where next_fire_at <= $1 and paused_at is null and state <> 'resolved' and escalation_case.set_aside_at is null
order by next_fire_at
limit 1000
for update of escalation_case skip locked;

-- name: climb
-- The rung has fired; an acknowledgement that ran out is over.
update notifier.escalation_case
set state = 'open', rung = fired.rung, next_fire_at = fired.next_at, clock_from = fired.clock_from,
    clock_days = fired.clock_days
from unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::integer[])
    as fired (id, rung, next_at, clock_from, clock_days)
where escalation_case.id = fired.id;

-- name: exhaust
-- No further rung; the case stays to be seen.
update notifier.escalation_case
set state = 'exhausted', next_fire_at = null, clock_from = null, clock_days = null
where id = any($1::uuid[]);

-- name: tell
-- Once for a case, generation, rung, recipient and channel, whoever asks how often. A rung that found nobody stays
-- listed: somebody should have been told, and was not. Not before $10.
insert into notifier.delivery
    (case_id, generation, rung, recipient, channel, digest, state, reason, notice, created_at, not_before)
select told.*, 'overdue', $9::timestamptz, $10::timestamptz
from unnest(
    $1::uuid[], $2::integer[], $3::integer[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[]
) as told (case_id, generation, rung, recipient, channel, digest, state, reason)
on conflict do nothing;

-- name: told_of
-- Open cases that nobody's answer holds up, after one of them, with everybody there was a way to tell of each.
select
    escalation_case.*,
    project.record,
    array(
        select distinct recipient
        from notifier.delivery
        where case_id = escalation_case.id and notice = 'overdue' and channel <> 'none'
    ) as told
from notifier.escalation_case
join notifier.project using (district, project)
where state in ('open', 'exhausted') and rung > 0 and paused_at is null
  and escalation_case.set_aside_at is null and project.set_aside_at is null
  and ($1::uuid is null or escalation_case.id > $1)
order by escalation_case.id
limit $2;
