-- migrate:up

-- `slot_at`: the instant that the pace of its bot gives a message; none once it was tried.
alter table notifier.message add column slot_at timestamptz;

drop index notifier.message_by_attempt;
create index message_by_attempt on notifier.message (channel, next_attempt_at) where state = 'waiting';

-- What a person was told of, to count it and to show it to them.
create index delivery_by_recipient on notifier.delivery (recipient, case_id) where message_id is not null;

-- How far the calls to one bot or app are booked ahead, for all replicas together. The key is a name, never a secret.
create table notifier.bucket (
    key text primary key,
    booked_until timestamptz not null default 'epoch',
    blocked_until timestamptz not null default 'epoch'
);

-- What is known of this installation, to notice that the database is not the one of a moment ago. While `paused_at` is
-- set, nothing is sent and no rung fires.
create table notifier.installation (
    only_one boolean primary key default true check (only_one),
    database text,
    last_tick timestamptz,
    paused_at timestamptz,
    paused_why text,
    check ((paused_at is null) = (paused_why is null))
);

insert into notifier.installation default values;

-- migrate:down

drop table notifier.installation;
drop table notifier.bucket;
drop index notifier.delivery_by_recipient;
drop index notifier.message_by_attempt;
create index message_by_attempt on notifier.message (next_attempt_at) where state = 'waiting';
alter table notifier.message drop column slot_at;
