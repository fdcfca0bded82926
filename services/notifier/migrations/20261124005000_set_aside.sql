-- migrate:up

-- What cannot be handled is set aside with the reason, so that it does not hold up what can; it is in none of the
-- indexes by which the sweeper finds what is due.
alter table notifier.project
    add column set_aside_at timestamptz,
    add column set_aside_why text,
    add check ((set_aside_at is null) = (set_aside_why is null));
alter table notifier.escalation_case
    add column set_aside_at timestamptz,
    add column set_aside_why text,
    add check ((set_aside_at is null) = (set_aside_why is null));

drop index notifier.project_by_next_look;
create index project_by_next_look on notifier.project (next_look) where next_look is not null and set_aside_at is null;
create index project_set_aside on notifier.project (set_aside_at) where set_aside_at is not null;

drop index notifier.case_by_timer;
create index case_by_timer on notifier.escalation_case (next_fire_at)
    where next_fire_at is not null and paused_at is null and state <> 'resolved' and set_aside_at is null;
create index case_set_aside on notifier.escalation_case (set_aside_at) where set_aside_at is not null;

-- For the auditor: what reached nobody.
create index delivery_dead on notifier.delivery (case_id) where state = 'dead';

-- migrate:down

drop index notifier.delivery_dead;
drop index notifier.case_set_aside;
drop index notifier.case_by_timer;
create index case_by_timer on notifier.escalation_case (next_fire_at)
    where next_fire_at is not null and paused_at is null and state <> 'resolved';
drop index notifier.project_set_aside;
drop index notifier.project_by_next_look;
create index project_by_next_look on notifier.project (next_look) where next_look is not null;
alter table notifier.escalation_case drop column set_aside_at, drop column set_aside_why;
alter table notifier.project drop column set_aside_at, drop column set_aside_why;
