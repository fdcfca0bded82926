-- migrate:up

-- How a case ended, in words. `clock_from`, `clock_days`: what the timer was computed from, so that it can be computed
-- again when the calendar of another year becomes known.
alter table notifier.escalation_case
    add column outcome_text text,
    add column clock_from timestamptz,
    add column clock_days integer;

update notifier.escalation_case set outcome_text = '事项已办结' where state = 'resolved';

-- A duty that ends and begins again within days goes on as the same case: to find it.
create index case_by_end on notifier.escalation_case (district, project, resolved_at) where state = 'resolved';

-- To notice at start that the policy is another one than last time.
create table notifier.policy_in_force (
    only_one boolean primary key default true check (only_one),
    fingerprint text not null,
    since timestamptz not null
);

-- What somebody decided not to press. `begun` and `over`: its projects have been looked at again since.
create table notifier.silence (
    id uuid primary key default gen_random_uuid(),
    district text,
    project text,
    rule text,
    unit text,
    official text,
    reason text not null,
    who text not null,
    since timestamptz not null,
    until timestamptz not null,
    begun boolean not null default false,
    over boolean not null default false,
    check (until >= since)
);

create index silence_under_way on notifier.silence (until) where not over;

-- Goes into the one message of a morning.
alter table notifier.delivery add column digest boolean not null default false;
alter table notifier.message drop constraint message_notice_check;
alter table notifier.message add constraint message_notice_check check (notice in ('overdue', 'resolved', 'digest'));

-- migrate:down

alter table notifier.message drop constraint message_notice_check;
update notifier.message set notice = 'overdue' where notice = 'digest';
alter table notifier.message add constraint message_notice_check check (notice in ('overdue', 'resolved'));
alter table notifier.delivery drop column digest;
drop table notifier.silence;
drop table notifier.policy_in_force;
drop index notifier.case_by_end;
alter table notifier.escalation_case drop column outcome_text, drop column clock_from, drop column clock_days;
