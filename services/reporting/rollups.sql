-- name: share
-- Held by whoever changes facts: no rule may be built or given up meanwhile. Released with the transaction.
select pg_advisory_xact_lock_shared(hashtext('reporting.rollup'));

-- name: own
-- Held while a rule is built from all facts.
select pg_advisory_xact_lock(hashtext('reporting.rollup'));

-- name: renew
-- Projects whose facts were replaced: what they gave to the sums goes, what they give now comes. Sorted, so that two
-- batches at once cannot wait for each other in a circle.
with gone as (
    delete from reporting.change old
    where old.district = $1 and old.project = any ($2::text[])
    returning old.rule, old.happened_on, old.known_at, -old.amount as amount, -old.facts as facts, -old.projects as projects
),
come as (
    insert into reporting.change as new (rule, district, project, happened_on, known_at, amount, facts, projects)
    select r.key, $1, c.project, c.happened_on, c.known_at, c.amount, c.facts, c.projects
    from reporting.rule r cross join lateral reporting.changes(r.rule, $1, $2::text[]) c
    returning new.rule, new.happened_on, new.known_at, new.amount, new.facts, new.projects
),
delta as (
    select both_.rule, both_.happened_on, both_.known_at, sum(amount) as amount, sum(facts) as facts, sum(projects) as projects
    from (select * from gone union all select * from come) both_
    group by both_.rule, both_.happened_on, both_.known_at
    having sum(amount) <> 0 or sum(facts) <> 0 or sum(projects) <> 0
),
cell as (
    select rule, (known_at at time zone 'UTC')::date as known_on, happened_on, amount, facts, projects from delta
    union all
    select rule, 'infinity', happened_on, amount, facts, projects from delta
)
insert into reporting.rollup as kept (rule, district, known_on, happened_on, amount, facts, projects)
select rule, $1, known_on, happened_on, sum(amount), sum(facts), sum(projects)
from cell
group by rule, known_on, happened_on
order by rule, known_on, happened_on
on conflict (rule, district, known_on, happened_on) do update
    set amount = kept.amount + excluded.amount, facts = kept.facts + excluded.facts,
        projects = kept.projects + excluded.projects;

-- name: beat
-- Tells readers that answers about these districts may have changed; last in its transaction, for it holds up others.
insert into reporting.pulse as known (district, beat)
select district, 1 from unnest($1::text[]) as district order by district
on conflict (district) do update set beat = known.beat + 1;

-- name: built
-- The rules whose rollups were built by the functions of now.
select key from reporting.rule where counting = reporting.counting();

-- name: give_up
-- Rules that nobody asks for, or whose rollups were built by other functions.
delete from reporting.rule where not key = any ($1::text[]) or counting <> reporting.counting() returning key;

-- name: drop_changes
-- Of rules that are given up, or built anew.
delete from reporting.change where rule = any ($1::text[]);

-- name: drop_rollups
-- The same.
delete from reporting.rollup where rule = any ($1::text[]);

-- name: put_rule
-- From now on every batch keeps its sums current.
insert into reporting.rule (key, rule, counting) values ($1, $2, reporting.counting());

-- name: build_changes
-- From all facts at once.
insert into reporting.change (rule, district, project, happened_on, known_at, amount, facts, projects)
select $1, d.district, c.project, c.happened_on, c.known_at, c.amount, c.facts, c.projects
from (select distinct district from reporting.project) d
cross join lateral reporting.changes($2::jsonb, d.district, null) c;

-- name: build_rollup
-- The cells of one rule.
insert into reporting.rollup (rule, district, known_on, happened_on, amount, facts, projects)
select rule, district, known_on, happened_on, sum(amount), sum(facts), sum(projects)
from (
    select rule, district, (known_at at time zone 'UTC')::date as known_on, happened_on, amount, facts, projects
    from reporting.change where rule = $1
    union all
    select rule, district, 'infinity', happened_on, amount, facts, projects from reporting.change where rule = $1
) cell
group by rule, district, known_on, happened_on;
