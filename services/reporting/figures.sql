-- name: tallies
-- Per project first: a project counts once however many of its facts do.
select definition ->> 'code' as code, tally.amount, tally.projects
from jsonb_array_elements($1::jsonb) as definition
cross join lateral (
    select coalesce(sum(amount), 0) as amount, count(*) as projects
    from (
        select project, sum(amount) as amount
        from reporting.counted(definition, $2::text, $3::date, $4::date, $5::timestamptz)
        group by project
    ) per_project
) tally;

-- name: target_facts
-- Every value known at the asked instant; which one is in force is decided in the domain.
select indicator, value, issued_by, happened_on, recorded_at, source, id
from reporting.target_fact
where district = $1 and year = $2
  and recorded_at <= coalesce($3::timestamptz, 'infinity')
  and (superseded_at is null or superseded_at > $3::timestamptz);

-- name: counted_facts
-- The evidence of one figure, newest first; the tie is broken so that a page never shows a fact twice.
select c.project, p.name, f.happened_on, f.amount, f.source, f.id, f.event, f.recorded_at,
       f.origin, f.tier, f.kind, f.nature, f.platform, f.platform_level, f.data -> 'evidence' as evidence
from reporting.counted($1::jsonb, $2::text, $3::date, $4::date, $5::timestamptz) c
join reporting.fact f
    on f.district = $2 and f.project = c.project and f.source = c.source and f.id = c.id
left join reporting.project p on p.district = $2 and p.project = c.project
order by f.happened_on desc, c.project, f.source, f.id
limit $6;

-- name: count_facts
-- How many the list would have without its limit.
select count(*)
from reporting.counted($1::jsonb, $2::text, $3::date, $4::date, $5::timestamptz);

-- name: districts
-- A district is known here from its first message, whichever it is, readable or not.
select district from reporting.project
union
select district from reporting.target_fact
union
select district from reporting.quarantine
union
select district from reporting.unread where district is not null
order by district;

-- name: knows_district
-- The same, for one.
select exists (select from reporting.project where district = $1)
    or exists (select from reporting.target_fact where district = $1)
    or exists (select from reporting.quarantine where district = $1)
    or exists (select from reporting.unread where district = $1);
