-- migrate:up

-- What a project's record says about the course of things; rows that are there already are filled by a rebuild.
alter table ledger.project
    add column last_recorded_at timestamptz,
    add column suspensions jsonb not null default '[]',
    add column leads jsonb not null default '[]',
    add column progress jsonb not null default '[]',
    add column escalations jsonb not null default '[]';

-- From here on only the fold fills them.
alter table ledger.project
    alter column suspensions drop default,
    alter column leads drop default,
    alter column progress drop default,
    alter column escalations drop default;

-- What is true of each trip: rows of ledger.outreach_as_of(…, 'infinity'), kept current by the recorder. Of a trip whose
-- every report was withdrawn a row stays, without a date and a city.
create table ledger.outreach (
    district text collate "C" not null,
    trip text collate "C" not null,
    revision integer not null,
    digest bytea not null,
    "on" date,
    city text,
    led_by text,
    met jsonb not null,
    projects jsonb not null,
    facts jsonb not null,
    primary key (district, trip)
);

-- Which subjects are trips is not to be seen from their names, and asked of every subject that a batch touches.
create index event_of_outreach on ledger.event (district, subject) where name = 'outreach-made';

-- migrate:down
drop index ledger.event_of_outreach;
drop table ledger.outreach;
alter table ledger.project
    drop column last_recorded_at,
    drop column suspensions,
    drop column leads,
    drop column progress,
    drop column escalations;
