-- name: make_projects
-- As the other peers' table.
create table if not exists es_project (
    project text collate "C" primary key,
    events integer not null,
    contract_amount numeric(18, 2) not null,
    funds_arrived numeric(18, 2) not null,
    last_on date not null
);

-- name: make_months
-- As the other peers' table.
create table if not exists es_month (
    month date primary key,
    events integer not null,
    funds_arrived numeric(18, 2) not null
);

-- name: upsert_project
-- Adds one event to its project; parameters as psycopg writes them.
insert into es_project as row (project, events, contract_amount, funds_arrived, last_on)
values (%(project)s, 1, %(contract)s, %(funds)s, %(on)s)
on conflict (project) do update set
    events = row.events + 1,
    contract_amount = row.contract_amount + excluded.contract_amount,
    funds_arrived = row.funds_arrived + excluded.funds_arrived,
    last_on = greatest(row.last_on, excluded.last_on);

-- name: upsert_month
-- Adds one event to its month.
insert into es_month as row (month, events, funds_arrived)
values (date_trunc('month', %(on)s::date)::date, 1, %(funds)s)
on conflict (month) do update set
    events = row.events + 1, funds_arrived = row.funds_arrived + excluded.funds_arrived;
