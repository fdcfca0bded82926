-- migrate:up

create schema if not exists reporting;

-- What has been read under each subject of LEDGER. A record that is older than the one already taken is passed over,
-- so order and repetition of messages do not matter; stored_at tells two messages of one revision apart.
create table reporting.record (
    subject text primary key,
    revision bigint not null,
    stored_at timestamptz not null,
    stream_sequence bigint not null
);

-- Messages that could not be read. Kept whole until a readable one comes under the same subject; while there is one,
-- the figures of its district are not complete.
create table reporting.unread (
    subject text primary key,
    district text,
    stored_at timestamptz not null,
    stream_sequence bigint not null,
    reason text not null,
    raw bytea not null
);

create table reporting.project (
    district text not null,
    project text not null,
    name text,
    stage text not null,
    reached text,
    lead_official text,
    lead_unit text,
    command_office text,
    industry text,
    cluster text,
    channel text,
    planned_amount numeric(20, 2),
    contract_amount numeric(20, 2),
    funds_arrived numeric(20, 2) not null,
    milestones jsonb not null,
    record jsonb not null,
    primary key (district, project)
);
comment on column reporting.project.record is 'the whole message but its facts';

-- source and id are collated by code point, for they break ties, and a tie must break alike on every installation.
-- Two clocks: happened_on is the business date, Asia/Shanghai; a fact is known from recorded_at until superseded_at.
create table reporting.fact (
    district text not null,
    project text not null,
    source text collate "C" not null,
    id text collate "C" not null,
    event text not null,
    happened_on date not null,
    recorded_at timestamptz not null,
    superseded_at timestamptz,
    amount numeric(20, 2),
    origin text,
    tier text,
    kind text,
    nature text,
    platform text,
    platform_level text,
    data jsonb not null,
    primary key (district, project, source, id)
);
create index fact_by_event on reporting.fact (district, event, happened_on);
create index fact_by_recording on reporting.fact (district, recorded_at desc);

create table reporting.target_fact (
    district text not null,
    year integer not null,
    indicator text not null,
    source text collate "C" not null,
    id text collate "C" not null,
    happened_on date not null,
    recorded_at timestamptz not null,
    superseded_at timestamptz,
    value numeric not null,
    issued_by text,
    primary key (district, year, indicator, source, id)
);
comment on column reporting.target_fact.value is 'in the unit of the indicator: 105 for 105 亿元';

-- How many messages of a district the ledger has refused and nobody has settled.
create table reporting.quarantine (
    district text primary key,
    parked bigint not null
);

-- migrate:down

drop schema reporting cascade;
