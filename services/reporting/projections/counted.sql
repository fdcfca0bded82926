-- The facts that count toward an indicator: the one text from which every figure, every list and every rollup comes.
--
-- rule: {event, kinds, first_of_project, tiers, natures, platform_levels, minimum, below, clusters, industries, channels,
--        projects, weights, joint, year_begins}; what is absent lets every fact pass.
-- of_projects: null for all of the district.
-- instant: what counts as known then ('infinity': as known now); null: at every instant, as a history in which a fact is
--        listed for each stretch of time [known_from, known_until) in which it counts; one may follow on another.
-- A fact is known from its recording until it is superseded.
drop function if exists reporting.changes;
drop function if exists reporting.cohort;
drop function if exists reporting.counted;
drop function if exists reporting.described;

create or replace function reporting.texts(list jsonb) returns text[] language sql immutable as $$
select case when jsonb_typeof(list) = 'array' then array(select jsonb_array_elements_text(list)) end
$$;

-- The part of an amount that is the district's own: to the cent, half up (no amount is negative). `joint` is 'whole' where a
-- definition counts all of it.
create or replace function reporting.own_part(amount numeric, share numeric, joint text) returns numeric
language sql immutable as $$
select case when joint = 'whole' then amount else coalesce(round(amount * share / 100, 2), amount) end
$$;

create function reporting.counted(rule jsonb, of_district text, of_projects text[], instant timestamptz)
returns table (
    project text, source text, id text, happened_on date, amount numeric, known_from timestamptz, known_until timestamptz
)
-- Every join here is of a project with itself: nested loops are right only where the planner guesses the sizes right, and
-- of rows that came a moment ago it knows nothing.
language plpgsql stable set enable_nestloop to off set jit to off as $function$
begin
    -- Executed as a text, it is planned for these very values: most conditions fall away.
    return query execute $query$
        with fact as not materialized (
            select f.project, f.source, f.id, f.happened_on, f.recorded_at, f.superseded_at, f.amount,
                f.share, f.tier, f.nature, f.platform_level
            from reporting.fact f
            where f.district = $1 and ($2 is null or f.project = any ($2)) and f.event = $4
              and ($5 is null or f.kind = any ($5))
              and ($3 is null or (f.recorded_at <= $3 and (f.superseded_at is null or (f.superseded_at > $3))))
        ),
        registered as not materialized (
            select f.project, f.source, f.id, f.happened_on, f.recorded_at, f.superseded_at, f.data
            from reporting.fact f
            where $6 and f.district = $1 and ($2 is null or f.project = any ($2)) and f.event = 'registered'
              and ($3 is null or (f.recorded_at <= $3 and (f.superseded_at is null or f.superseded_at > $3)))
        ),
        contract as not materialized (
            select f.project, f.happened_on, f.recorded_at, f.superseded_at
            from reporting.fact f
            where $17 is not null and f.district = $1 and ($2 is null or f.project = any ($2))
              and f.event = 'signed' and f.kind = 'contract'
              and ($3 is null or (f.recorded_at <= $3 and (f.superseded_at is null or f.superseded_at > $3)))
        ),
        moment as (
            select changed.project, changed.at, lead(changed.at) over (partition by changed.project order by changed.at) as until
            from (
                select f.project, f.recorded_at as at from fact f where $3 is null and not $20
                union select f.project, f.superseded_at from fact f where $3 is null and not $20 and f.superseded_at is not null
                union select r.project, r.recorded_at from registered r where $3 is null
                union select r.project, r.superseded_at from registered r where $3 is null and r.superseded_at is not null
                union select s.project, s.recorded_at from contract s where $3 is null
                union select s.project, s.superseded_at from contract s where $3 is null and s.superseded_at is not null
            ) changed
        ),
        known as (
            select f.*, $3 as at, null::timestamptz as until from fact f where $3 is not null
            union all
            -- What counts by itself counts for as long as it is known, whatever else its project does meanwhile.
            select f.*, f.recorded_at, f.superseded_at
            from fact f
            where $3 is null and $20 and (f.superseded_at is null or f.superseded_at > f.recorded_at)
            union all
            select f.*, m.at, m.until
            from moment m join fact f using (project)
            where $3 is null and not $20 and f.recorded_at <= m.at and (f.superseded_at is null or f.superseded_at > m.at)
        ),
        candidate as (
            select k.* from known k where not $7
            union all
            -- The first of a project is the first among all years' facts of its event and kinds, whatever else they are.
            (
                select distinct on (k.project, k.at) k.*
                from known k where $7
                order by k.project, k.at, k.happened_on, k.recorded_at, k.source, k.id
            )
        ),
        described as (
            select distinct on (r.project, r.at) r.project, r.at, r.data
            from (
                select registered.*, $3 as at from registered where $3 is not null
                union all
                select registered.*, m.at
                from moment m join registered using (project)
                where $3 is null and registered.recorded_at <= m.at
                  and (registered.superseded_at is null or registered.superseded_at > m.at)
            ) r
            order by r.project, r.at, r.happened_on desc, r.recorded_at desc, r.source desc, r.id desc
        ),
        contracted as (
            select s.project, s.at, min(s.happened_on) as happened_on
            from (
                select contract.*, $3 as at from contract where $3 is not null
                union all
                select contract.*, m.at
                from moment m join contract using (project)
                where $3 is null and contract.recorded_at <= m.at
                  and (contract.superseded_at is null or contract.superseded_at > m.at)
            ) s
            group by s.project, s.at
        )
        select c.project, c.source, c.id, c.happened_on,
            reporting.own_part(c.amount, c.share, $19) * coalesce(($8 ->> c.nature)::numeric, 1), c.at, c.until
        from candidate c
        left join described d on $6 and d.project = c.project and d.at = c.at
        left join contracted s on $17 is not null and s.project = c.project and s.at = c.at
        where ($9 is null or c.tier = any ($9))
          and ($10 is null or c.nature = any ($10))
          and ($11 is null or c.platform_level = any ($11))
          and ($12 is null or c.amount >= $12)
          and ($13 is null or c.amount < $13)
          and ($14 is null or d.data ->> 'cluster' = any ($14))
          and ($15 is null or d.data ->> 'industry' like any ($15))
          and ($16 is null or d.data ->> 'channel' = any ($16))
          and ($17 is null or ($17 = 'carried-over') = coalesce(
              reporting.year_of(s.happened_on, $18) < reporting.year_of(c.happened_on, $18), false))
    $query$ using
        of_district, of_projects, instant, rule ->> 'event', reporting.texts(rule -> 'kinds'),
        rule ?| array['clusters', 'industries', 'channels'], coalesce((rule ->> 'first_of_project')::boolean, false),
        rule -> 'weights', reporting.texts(rule -> 'tiers'), reporting.texts(rule -> 'natures'),
        reporting.texts(rule -> 'platform_levels'), (rule ->> 'minimum')::numeric, (rule ->> 'below')::numeric,
        reporting.texts(rule -> 'clusters'),
        case when rule ? 'industries' then array(select code || '%' from unnest(reporting.texts(rule -> 'industries')) code) end,
        reporting.texts(rule -> 'channels'), rule ->> 'projects', coalesce(rule ->> 'year_begins', '01-01'),
        rule ->> 'joint',
        not (rule ?| array['clusters', 'industries', 'channels', 'projects', 'first_of_project']);
end
$function$;

-- The year to which a day belongs, when years begin so ('12-01') and are named after the calendar year in which they end.
create or replace function reporting.year_of(day date, year_begins text) returns integer language sql immutable as $$
select extract(year from day)::integer
    + (left(year_begins, 2) <> '01' and extract(month from day) >= left(year_begins, 2)::integer)::integer
$$;

-- How the sums of each day change with what is known, for rollups.
create function reporting.changes(rule jsonb, of_district text, of_projects text[])
returns table (
    project text, happened_on date, known_at timestamptz, amount numeric, facts integer, projects integer
)
language sql stable as $$
with one as (
    select c.project, c.happened_on, coalesce(c.amount, 0) as amount, c.known_from, coalesce(c.known_until, 'infinity') as known_until,
        reporting.year_of(c.happened_on, rule ->> 'year_begins') as year
    from reporting.counted(rule, of_district, of_projects, null) c
),
-- Which day opens its project's year depends on the others, so on every pair of them. Most need not be looked at: one
-- that is known only while an earlier one is never opens anything.
rival as (
    select distinct o.project, o.year, o.happened_on, o.known_from, o.known_until
    from (
        select one.*, min(one.known_from) filter (where one.known_until = 'infinity') over (
            partition by one.project, one.year order by one.happened_on, one.known_from
            rows between unbounded preceding and 1 preceding) as outdone_from
        from one
    ) o
    where o.outdone_from is null or o.outdone_from > o.known_from
),
opening as (
    select m.project, m.year, m.at, min(r.happened_on) filter (where r.known_from <= m.at and r.known_until > m.at) as happened_on
    from (
        select project, year, known_from as at from rival
        union select project, year, known_until from rival where known_until < 'infinity'
    ) m join rival r using (project, year)
    group by m.project, m.year, m.at
),
turn as (
    select o.project, o.at, o.happened_on, lag(o.happened_on) over (partition by o.project, o.year order by o.at) as before
    from opening o
)
select d.project, d.happened_on, d.at, sum(d.amount), sum(d.facts)::integer, sum(d.opens)::integer
from (
    select o.project, o.happened_on, o.known_from as at, o.amount, 1 as facts, 0 as opens from one o
    union all
    select o.project, o.happened_on, o.known_until, -o.amount, -1, 0 from one o where o.known_until < 'infinity'
    union all
    select t.project, t.happened_on, t.at, 0, 0, 1 from turn t where t.happened_on is not null
    union all
    select t.project, t.before, t.at, 0, 0, -1 from turn t where t.before is not null
) d
group by d.project, d.happened_on, d.at
having sum(d.amount) <> 0 or sum(d.facts) <> 0 or sum(d.opens) <> 0
$$;

-- The projects of a rate's cohort, and how far each got: see domain/ratios.py.
create function reporting.cohort(rule jsonb, of_district text, first_day date, through date, instant timestamptz)
returns table (project text, joined_on date, amount numeric, terminated boolean, done boolean, done_amount numeric)
language plpgsql stable set enable_nestloop to off set jit to off as $function$
begin
    return query execute $query$
        with member as (
            select c.project, c.happened_on, c.amount
            from reporting.counted($1, $2, null, $5) c
            where c.happened_on between $3 and $4
        ),
        fact as (
            select f.project, f.event, f.kind, reporting.own_part(f.amount, f.share, $8) as amount, f.happened_on,
                f.recorded_at, f.source, f.id
            from reporting.fact f
            where f.district = $2 and f.happened_on <= $4 and f.event = any ($6 || array['suspended', 'resumed', 'terminated'])
              and f.recorded_at <= $5 and (f.superseded_at is null or f.superseded_at > $5)
        ),
        phase as (
            select distinct on (f.project) f.project, f.event
            from fact f where f.event in ('suspended', 'resumed', 'terminated')
            order by f.project, f.happened_on desc, f.recorded_at desc, f.source desc, f.id desc
        ),
        reached as (
            select f.project, coalesce(sum(f.amount), 0) as amount
            from fact f
            where f.event = any ($6) and (f.event <> 'signed' or $7 is null or f.kind = any ($7))
            group by f.project
        )
        select m.project, m.happened_on, coalesce(m.amount, 0), coalesce(p.event = 'terminated', false),
            r.project is not null, coalesce(r.amount, 0)
        from member m left join phase p using (project) left join reached r using (project)
    $query$ using
        rule, of_district, first_day, through, instant,
        reporting.texts(rule -> 'done_events'), reporting.texts(rule -> 'done_kinds'), rule ->> 'joint';
end
$function$;

-- What each project is, as known at an instant: by what it was registered and claimed as last.
create function reporting.described(of_district text, instant timestamptz)
returns table (project text, cluster text, industry text, channel text, lead_unit text, lead_official text)
language sql stable as $$
select known.project,
    max(known.data ->> 'cluster') filter (where known.event = 'registered'),
    max(known.data ->> 'industry') filter (where known.event = 'registered'),
    max(known.data ->> 'channel') filter (where known.event = 'registered'),
    max(known.data ->> 'lead_unit') filter (where known.event = 'claimed'),
    max(known.data ->> 'lead_official') filter (where known.event = 'claimed')
from (
    select distinct on (f.project, f.event) f.project, f.event, f.data
    from reporting.fact f
    where f.district = of_district and f.event in ('registered', 'claimed')
      and f.recorded_at <= instant and (f.superseded_at is null or f.superseded_at > instant)
    order by f.project, f.event, f.happened_on desc, f.recorded_at desc, f.source desc, f.id desc
) known
group by known.project
$$;

-- The text by which rollups are built, as one value: rollups of another text are built anew.
create or replace function reporting.counting() returns bytea language sql stable set search_path to '' as $$
select pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(prosrc, E'\n' order by proname), 'UTF8'))
from pg_catalog.pg_proc
where pronamespace = 'reporting'::pg_catalog.regnamespace and proname in ('counted', 'changes', 'own_part', 'year_of', 'texts')
$$;
