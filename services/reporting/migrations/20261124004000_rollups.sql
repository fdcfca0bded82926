-- migrate:up

-- The rules that rollups are kept for; `counting` is the text of the functions that built them.
create table reporting.rule (
    key text primary key,
    rule jsonb not null,
    counting bytea not null
);

-- How what counts changed with what was known, project by project: at known_at, the sums of a day changed by so much.
-- `projects` is 1 on the first day of a year on which anything of the project counts.
create table reporting.change (
    rule text not null,
    district text not null,
    project text not null,
    happened_on date not null,
    known_at timestamptz not null,
    amount numeric not null,
    facts integer not null,
    projects integer not null
);
create index change_by_project on reporting.change (district, project);
create index change_by_instant on reporting.change (rule, district, known_at);

-- The same, added up over projects, by the day (UTC) on which it became known; 'infinity' holds what is known now.
create table reporting.rollup (
    rule text not null,
    district text not null,
    known_on date not null,
    happened_on date not null,
    amount numeric not null,
    facts bigint not null,
    projects bigint not null,
    primary key (rule, district, known_on, happened_on)
) with (fillfactor = 80);

-- Moves on with whatever may change an answer about a district.
create table reporting.pulse (
    district text primary key,
    beat bigint not null
);

-- What was last published of a year's progress; the revision grows with every publication.
create table reporting.published (
    district text not null,
    year integer not null,
    revision bigint not null,
    digest bytea not null,
    primary key (district, year)
);

insert into reporting.pulse (district, beat)
select district, 1 from (
    select district from reporting.project union select district from reporting.target_fact
    union select district from reporting.quarantine
    union select district from reporting.unread where district is not null
) known;

-- migrate:down

drop table reporting.published, reporting.pulse, reporting.rollup, reporting.change, reporting.rule;
