-- migrate:up

-- The newest record of each project, as far as the notifier has use for it. `next_look` is the first day on which a
-- duty begins by the passing of time alone.
create table notifier.project (
    district text collate "C" not null,
    project text collate "C" not null,
    revision bigint not null,
    stream_sequence bigint not null,
    record jsonb not null,
    next_look date,
    primary key (district, project)
);

create index project_by_next_look on notifier.project (next_look) where next_look is not null;

-- One row a duty that is late. The timer is the column `next_fire_at`; what was queued under an older `generation`
-- must no longer be sent.
create table notifier.escalation_case (
    id uuid primary key default gen_random_uuid(),
    dedup_key text collate "C" not null,
    district text collate "C" not null,
    project text collate "C" not null,
    rule text not null,
    matter text not null,
    due date not null,
    state text not null default 'open' check (state in ('open', 'acknowledged', 'exhausted', 'resolved')),
    generation integer not null default 1,
    rung integer not null default 0,
    ladder jsonb not null,
    opened_at timestamptz not null,
    next_fire_at timestamptz,
    paused_at timestamptz,
    catch_up boolean not null default false,
    resolved_at timestamptz,
    outcome text check (outcome in ('met', 'withdrawn', 'ended')),
    outcome_day date,
    check ((state = 'resolved') = (resolved_at is not null)),
    check ((state = 'resolved') = (outcome is not null))
);

create unique index one_unresolved_case_a_duty on notifier.escalation_case (dedup_key) where state <> 'resolved';
create index case_by_project on notifier.escalation_case (district, project) where state <> 'resolved';
create index case_by_resolution on notifier.escalation_case (resolved_at desc) where state = 'resolved' and rung > 0;
create index case_by_timer on notifier.escalation_case (next_fire_at)
    where next_fire_at is not null and paused_at is null and state <> 'resolved';

-- One message over one channel to one recipient; it may tell of several cases. `number` is what people quote.
-- `again`: an earlier attempt may have arrived, so this one is the last.
create table notifier.message (
    id uuid primary key default gen_random_uuid(),
    number bigint generated always as identity unique,
    recipient text not null,
    channel text not null,
    notice text not null check (notice in ('overdue', 'resolved')),
    state text not null default 'waiting'
        check (state in ('waiting', 'sending', 'sent', 'uncertain', 'dead', 'superseded')),
    attempts integer not null default 0,
    again boolean not null default false,
    created_at timestamptz not null,
    next_attempt_at timestamptz not null,
    lease_until timestamptz,
    sent_at timestamptz,
    code text,
    said text
);

create index message_by_attempt on notifier.message (next_attempt_at) where state = 'waiting';
create index message_not_sent on notifier.message (state) where state in ('waiting', 'sending', 'uncertain', 'dead');
create index message_by_lease on notifier.message (lease_until) where state = 'sending';

-- What a person is to be told of a case, once: `waiting` for a message, `placed` in one, or over.
create table notifier.delivery (
    id bigint generated always as identity primary key,
    case_id uuid not null references notifier.escalation_case,
    generation integer not null,
    rung integer not null,
    recipient text not null,
    channel text not null,
    notice text not null check (notice in ('overdue', 'resolved')),
    state text not null default 'waiting'
        check (state in ('waiting', 'placed', 'sent', 'uncertain', 'dead', 'superseded')),
    created_at timestamptz not null,
    not_before timestamptz not null,
    message_id uuid references notifier.message,
    reason text,
    unique (case_id, generation, rung, recipient, channel)
);

create index delivery_waiting on notifier.delivery (recipient, channel, notice) where state = 'waiting';
create index delivery_by_message on notifier.delivery (message_id);

create table notifier.acknowledgement (
    case_id uuid not null references notifier.escalation_case,
    generation integer not null,
    recipient text not null,
    who text not null,
    acknowledged_at timestamptz not null,
    until timestamptz not null,
    address text,
    user_agent text,
    primary key (case_id, generation, recipient)
);

-- What goes on the record: events for the EVENTS stream, published from here until it has them.
create table notifier.announcement (
    id text primary key,
    subject text not null,
    payload jsonb not null,
    created_at timestamptz not null,
    published_at timestamptz
);

create index announcement_unpublished on notifier.announcement (created_at) where published_at is null;

-- migrate:down

drop schema notifier cascade;
