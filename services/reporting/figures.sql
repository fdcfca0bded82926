-- name: tallies
-- As known now, from the rollups: a few hundred rows a rule. `built` is false where a rule has none.
select asked.key, exists (select from reporting.rule where rule.key = asked.key) as built, sums.*
from unnest($1::text[], $2::date[], $3::date[]) as asked (key, first_day, last_day)
cross join lateral (
    select coalesce(sum(amount), 0) as amount, coalesce(sum(projects), 0)::bigint as projects,
        coalesce(sum(facts), 0)::bigint as facts
    from reporting.rollup
    where rule = asked.key and district = $4 and known_on = 'infinity'
      and happened_on between asked.first_day and asked.last_day
) sums;

-- name: tallies_as_of
-- As known at an instant: the days before that instant's from the rollups, its own day change by change.
select asked.key, exists (select from reporting.rule where rule.key = asked.key) as built, sums.*
from unnest($1::text[], $2::date[], $3::date[]) as asked (key, first_day, last_day)
cross join lateral (
    select coalesce(sum(amount), 0) as amount, coalesce(sum(projects), 0)::bigint as projects,
        coalesce(sum(facts), 0)::bigint as facts
    from (
        select amount, projects, facts
        from reporting.rollup
        where rule = asked.key and district = $4 and known_on < ($5::timestamptz at time zone 'UTC')::date
          and happened_on between asked.first_day and asked.last_day
        union all
        select amount, projects, facts
        from reporting.change
        where rule = asked.key and district = $4 and known_at >= date_trunc('day', $5::timestamptz, 'UTC')
          and known_at <= $5::timestamptz
          and happened_on between asked.first_day and asked.last_day
    ) known
) sums;

-- name: tally_of_facts
-- The same from the facts themselves, for a rule that has no rollups: one of an old bulletin, or of another version.
select coalesce(sum(amount), 0) as amount, count(distinct project) as projects, count(*) as facts
from reporting.counted($1::jsonb, $2::text, null, coalesce($5::timestamptz, 'infinity'))
where happened_on between $3::date and $4::date;

-- name: target_facts
-- Every value known at the asked instant; which one is in force is decided in the domain.
select indicator, value, issued_by, happened_on, recorded_at, source, id
from reporting.target_fact
where district = $1 and year = $2
  and recorded_at <= coalesce($3::timestamptz, 'infinity')
  and (superseded_at is null or superseded_at > $3::timestamptz);

-- name: counted_facts
-- The evidence of one figure, newest first; the tie is broken so that a page never shows a fact twice. `counts` is what
-- the fact adds, which is less than its amount where a part only is this district's or the definition weighs it.
select c.project, p.name, f.happened_on, f.amount, f.share, c.amount as counts, f.source, f.id, f.event, f.recorded_at,
       f.origin, f.tier, f.kind, f.nature, f.platform, f.platform_level, f.data -> 'evidence' as evidence
from reporting.counted($1::jsonb, $2::text, null, coalesce($5::timestamptz, 'infinity')) c
join reporting.fact f
    on f.district = $2 and f.project = c.project and f.source = c.source and f.id = c.id
left join reporting.project p on p.district = $2 and p.project = c.project
where c.happened_on between $3::date and $4::date
order by f.happened_on desc, c.project collate "C", f.source, f.id
limit $6::bigint offset $7::bigint;

-- name: breakdown
-- A figure by one property of its facts or their projects, the largest part first; '' where the property is unknown.
select part.value, sum(part.amount) as amount, count(distinct part.project) as projects, count(*) as facts
from (
    select c.project, coalesce(c.amount, 0) as amount,
        coalesce(case $6::text
            when 'month' then to_char(c.happened_on, 'YYYY-MM')
            when 'cluster' then d.cluster
            when 'industry' then left(d.industry, 3)
            when 'lead_unit' then d.lead_unit
            when 'channel' then d.channel
            when 'tier' then f.tier
            when 'platform' then f.platform
        end, '') as value
    from reporting.counted($1::jsonb, $2::text, null, coalesce($5::timestamptz, 'infinity')) c
    join reporting.fact f on f.district = $2 and f.project = c.project and f.source = c.source and f.id = c.id
    left join reporting.described($2::text, coalesce($5::timestamptz, 'infinity')) d on d.project = c.project
    where c.happened_on between $3::date and $4::date
) part
group by part.value
order by case when $6::text = 'month' then part.value end, sum(part.amount) desc, count(distinct part.project) desc,
    part.value collate "C"
limit $7::bigint;

-- name: cohort
-- The parts of a rate: by the month in which projects joined, and whether they were given up since.
select date_trunc('month', joined_on)::date as month, terminated, count(*) as projects, sum(amount) as amount,
    count(*) filter (where done) as done, coalesce(sum(done_amount) filter (where done), 0) as done_amount
from reporting.cohort($1::jsonb, $2::text, $3::date, $4::date, coalesce($5::timestamptz, 'infinity'))
group by 1, 2
order by 1, 2;

-- name: districts
-- A district is known here from its first message, whichever it is, readable or not.
select district from reporting.pulse order by district;

-- name: knows_district
-- The same, for one.
select exists (select from reporting.pulse where district = $1);

-- name: beats
-- A number that grows with whatever may change an answer about a district.
select district, beat from reporting.pulse order by district;
