-- name: sums
-- From the rollups: as known now, a few hundred rows a rule; as known at an instant, the days before that instant's, and
-- its own day change by change. `built` is false where a rule has none. With every value that the target had, so that both
-- are of one moment; which one is in force is decided in the domain.
select asked.key, exists (select from reporting.rule where rule.key = asked.key) as built, sums.*, target.targets
from unnest($1::text[], $2::text[], $3::date[], $4::date[])
    with ordinality as asked (indicator, key, first_day, last_day, place)
cross join lateral (
    select coalesce(sum(amount), 0) as amount, coalesce(sum(projects), 0)::bigint as projects,
        coalesce(sum(facts), 0)::bigint as facts
    from (
        select amount, projects, facts
        from reporting.rollup
        where rule = asked.key and district = $5 and happened_on between asked.first_day and asked.last_day
          and known_on between case when $7::timestamptz is null then 'infinity'::date else '-infinity' end
              and coalesce(($7 at time zone 'UTC')::date - 1, 'infinity')
        union all
        select amount, projects, facts
        from reporting.change
        where rule = asked.key and district = $5 and happened_on between asked.first_day and asked.last_day
          and known_at between date_trunc('day', $7, 'UTC') and $7
    ) known
) sums
cross join lateral (
    select coalesce(jsonb_agg(jsonb_build_object('indicator', t.indicator, 'value', t.value::text, 'issued_by', t.issued_by,
        'on', t.happened_on, 'recorded_at', t.recorded_at, 'source', t.source, 'id', t.id)), '[]') as targets
    from reporting.target_fact t
    where t.district = $5 and t.year = $6 and t.indicator = asked.indicator
      and t.recorded_at <= coalesce($7, 'infinity') and (t.superseded_at is null or t.superseded_at > $7)
) target
order by asked.place;

-- name: tally_of_facts
-- The same from the facts themselves, for a rule that has no rollups: one of an old bulletin, or of another version.
select coalesce(sum(amount), 0) as amount, count(distinct project) as projects, count(*) as facts
from reporting.counted($1::jsonb, $2::text, null, coalesce($5::timestamptz, 'infinity'))
where happened_on between $3::date and $4::date;

-- name: days_of_facts
-- On which days the facts of a window lie, the newest first, and how many of that stretch come before the window. From the
-- rollups, so that of a million facts only those of a few days need be looked at; no row where a rule has none.
select min(happened_on) as first_day, max(happened_on) as last_day, max($6::bigint - before) as skipped
from (
    select happened_on, facts, sum(facts) over (order by happened_on desc) - facts as before
    from (
        select happened_on, sum(facts)::bigint as facts
        from (
            select happened_on, facts
            from reporting.rollup
            where rule = $1 and district = $2 and happened_on between $3 and $4
              and known_on between case when $5::timestamptz is null then 'infinity'::date else '-infinity' end
                  and coalesce(($5 at time zone 'UTC')::date - 1, 'infinity')
            union all
            select happened_on, facts
            from reporting.change
            where rule = $1 and district = $2 and happened_on between $3 and $4
              and known_at between date_trunc('day', $5, 'UTC') and $5
        ) known
        group by happened_on
    ) day
    where facts > 0
) placed
where before + facts > $6 and before < $6 + $7::bigint
having exists (select from reporting.rule where rule.key = $1);

-- name: counted_facts
-- The evidence of one figure, newest first; the tie is broken so that a page never shows a fact twice. `counts` is what
-- the fact adds, which is less than its amount where a part only is this district's or the definition weighs it.
select c.project, reporting.named($2, c.project, coalesce($5::timestamptz, 'infinity')) as name,
       f.happened_on, f.amount, f.share, c.amount as counts, f.source, f.id, f.event, f.recorded_at,
       f.origin, f.tier, f.kind, f.nature, f.platform, f.platform_level, f.data -> 'evidence' as evidence
from reporting.counted($1::jsonb, $2::text, $8::text[], coalesce($5::timestamptz, 'infinity')) c
join reporting.fact f
    on f.district = $2 and f.project = c.project and f.source = c.source and f.id = c.id
where c.happened_on between $3::date and $4::date
order by f.happened_on desc, c.project collate "C", f.source, f.id
limit $6::bigint offset $7::bigint;

-- name: projects_of_days
-- Those of which anything that the rule looks at happened then.
select distinct project from reporting.fact
where district = $1 and event = $2 and happened_on between $3::date and $4::date;

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
limit $7::bigint offset $8::bigint;

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
