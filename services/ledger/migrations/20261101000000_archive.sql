-- migrate:up

-- What departments said, for ever. "C" collation: the digest's order must not depend on the server's locale.
create table ledger.event (
    district text collate "C" not null,
    source text collate "C" not null,
    id text collate "C" not null,
    subject text collate "C" not null,
    name text collate "C" not null,
    version smallint not null,
    "on" date not null,
    recorded_at timestamptz not null,
    stream_sequence bigint not null,
    digest bytea not null,
    "time" timestamptz,
    replaces text collate "C",
    data jsonb not null,
    voids text collate "C" generated always as (case when name = 'voided' then data ->> 'event' end) stored,
    primary key (district, source, id)
);

-- The fold reads a subject's events in this order.
create index event_by_subject on ledger.event (district, subject, "on", recorded_at, source, id);
-- Is this event corrected? Asked for each event of each fold; nearly always no.
create index event_by_replaced on ledger.event (district, subject, source, replaces) where replaces is not null;
create index event_by_voided on ledger.event (district, subject, source, voids) where voids is not null;

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'ledger.event is append-only: a mistake is answered by another event that replaces or voids it';
end
$$;

create trigger append_only before delete or truncate on ledger.event
    for each statement execute function ledger.refuse_change();

-- An event that was stored twice was recorded when it was first stored, whichever copy is delivered first.
create function ledger.allow_earlier_copy() returns trigger language plpgsql as $$
begin
    if (new.recorded_at, new.stream_sequence) < (old.recorded_at, old.stream_sequence)
        -- Generated columns are not computed yet in a trigger that runs before the update.
        and to_jsonb(new) - array['recorded_at', 'stream_sequence', 'voids']
            = to_jsonb(old) - array['recorded_at', 'stream_sequence', 'voids'] then
        return new;
    end if;
    raise exception 'ledger.event is append-only: a mistake is answered by another event that replaces or voids it';
end
$$;

create trigger earlier_copy before update on ledger.event
    for each row execute function ledger.allow_earlier_copy();

-- What is true of each project: rows of ledger.project_as_of(…, 'infinity'), kept current by the recorder.
create table ledger.project (
    district text collate "C" not null,
    project text collate "C" not null,
    revision integer not null,
    digest bytea not null,
    name text,
    stage text not null,
    reached text not null,
    lead_official text,
    lead_unit text,
    command_office text,
    industry text,
    cluster text,
    channel text,
    investor jsonb,
    planned_amount numeric(18, 2),
    milestones jsonb not null,
    gates jsonb not null,
    evaluation jsonb,
    contract_amount numeric(18, 2),
    funds_arrived numeric(18, 2) not null,
    issues jsonb not null,
    pledges jsonb not null,
    anomalies jsonb not null,
    -- JSON, as text: it is passed on as it is, never taken apart here.
    facts text not null,
    primary key (district, project)
);

create table ledger.target (
    district text collate "C" not null,
    year integer not null,
    indicator text collate "C" not null,
    revision integer not null,
    digest bytea not null,
    facts jsonb not null,
    primary key (district, year, indicator)
);

-- Refused messages, whole. A stream that was made anew counts from 1 again, so the instant is part of the key.
create table ledger.quarantine (
    stream_sequence bigint not null,
    recorded_at timestamptz not null,
    subject text not null,
    district text,
    unit text,
    source text,
    event_id text,
    code text not null,
    reason text not null,
    field text,
    raw bytea not null,
    closed_at timestamptz,
    closed_as text,
    primary key (stream_sequence, recorded_at),
    check ((closed_at is null) = (closed_as is null))
);

create index quarantine_by_district on ledger.quarantine (district);

-- migrate:down
drop table ledger.quarantine, ledger.target, ledger.project, ledger.event;
drop function ledger.refuse_change();
drop function ledger.allow_earlier_copy();
