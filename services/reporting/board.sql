-- name: stages_now
-- A project stands in one stage only, so the counts add up to all projects.
select stage, count(*) as projects, coalesce(sum(contract_amount), 0) as amount
from reporting.project
where district = $1
group by stage;

-- name: stages
-- The same at the end of a day, as known at an instant.
select stage, count(*) as projects, coalesce(sum(contract_amount), 0) as amount
from reporting.standing($1::text, $2::date, coalesce($3::timestamptz, 'infinity'))
group by stage;

-- name: late_now
-- Each project with its longest overdue milestone; a paused or ended one owes nothing.
select *, count(*) over () as total
from (
    select distinct on (p.project)
        p.project, p.name, p.lead_official, p.lead_unit, m.key as milestone, (m.value ->> 'due')::date as due
    from reporting.standing_now($1::text) p, jsonb_each(p.milestones) m
    where p.stage not in ('suspended', 'terminated')
      and (m.value ->> 'due')::date < $2::date
      and (m.value ->> 'on' is null or (m.value ->> 'on')::date > $2::date)
    order by p.project, (m.value ->> 'due')::date, m.key
) first_missed
order by due, project
limit $3;

-- name: late
-- The same as known at an instant.
select *, count(*) over () as total
from (
    select distinct on (p.project)
        p.project, p.name, p.lead_official, p.lead_unit, m.key as milestone, (m.value ->> 'due')::date as due
    from reporting.standing($1::text, $2::date, coalesce($4::timestamptz, 'infinity')) p, jsonb_each(p.milestones) m
    where p.stage not in ('suspended', 'terminated')
      and (m.value ->> 'due')::date < $2::date
      and (m.value ->> 'on' is null or (m.value ->> 'on')::date > $2::date)
    order by p.project, (m.value ->> 'due')::date, m.key
) first_missed
order by due, project
limit $3;

-- name: recent
-- In the order in which things became known, which is not the order in which they happened.
select f.project, p.name, f.event, f.kind, f.amount, f.happened_on, f.recorded_at
from reporting.fact f
left join reporting.project p on p.district = f.district and p.project = f.project
where f.district = $1 and f.recorded_at <= coalesce($3::timestamptz, 'infinity') and f.happened_on <= $4::date
  and (f.superseded_at is null or f.superseded_at > $3::timestamptz)
order by f.recorded_at desc, f.project, f.source, f.id
limit $2;
