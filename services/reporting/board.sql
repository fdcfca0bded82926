-- name: stages
-- A project stands in one stage only, so the counts add up to all projects.
select stage, count(*) as projects, coalesce(sum(contract_amount), 0) as amount
from reporting.standing_on($1::text, $2::date, $3::timestamptz, $4::boolean)
group by stage;

-- name: late
-- Each project with its longest overdue milestone, the longest overdue first.
select p.project, p.name, p.lead_official, p.lead_unit, missed.milestone, missed.due, count(*) over () as total
from reporting.standing_on($1::text, $2::date, $3::timestamptz, $4::boolean) p
cross join lateral reporting.missed(p.stage, p.milestones, $2::date) missed
order by missed.due, p.project
limit $5;

-- name: recent
-- What happened last; of one day, what became known last.
select f.project, reporting.named($1, f.project, coalesce($3::timestamptz, 'infinity')) as name,
       f.event, f.kind, f.amount, f.happened_on, f.recorded_at
from reporting.fact f
where f.district = $1 and f.recorded_at <= coalesce($3::timestamptz, 'infinity') and f.happened_on <= $4::date
  and (f.superseded_at is null or f.superseded_at > $3::timestamptz)
order by f.happened_on desc, f.recorded_at desc, f.project, f.source, f.id
limit $2;
