-- How each project of a district stands: what the board, the list of late ones and the list of projects are read from.
drop function if exists reporting.standing;
drop function if exists reporting.standing_on;
drop function if exists reporting.standing_now;
drop function if exists reporting.missed;

-- As the ledger says now.
create function reporting.standing_now(of_district text)
returns table (
    project text, name text, stage text, reached text, lead_official text, lead_unit text, industry text, cluster text,
    channel text, contract_amount numeric, funds_arrived numeric, milestones jsonb, last_recorded_at timestamptz
)
language sql stable as $$
select p.project, p.name, p.stage, p.reached, p.lead_official, p.lead_unit, p.industry, p.cluster, p.channel,
    p.contract_amount, p.funds_arrived, p.milestones, (p.record ->> 'last_recorded_at')::timestamptz
from reporting.project p
where p.district = of_district
$$;

-- At the end of a day, by the facts known at an instant. What is no fact is as the ledger says now: due dates, and that a
-- project is under negotiation or approved and no further.
create function reporting.standing(of_district text, through date, instant timestamptz)
returns table (
    project text, name text, stage text, reached text, lead_official text, lead_unit text, industry text, cluster text,
    channel text, contract_amount numeric, funds_arrived numeric, milestones jsonb, last_recorded_at timestamptz
)
language sql stable as $$
with step (reached, place) as (
    select * from unnest(array['reserved', 'negotiating', 'intent-signed', 'approved', 'signed', 'site-fixed', 'planned',
        'started', 'completed', 'commissioned', 'at-capacity']) with ordinality
),
known as (
    select f.project, f.event, f.kind, f.amount, f.happened_on, f.recorded_at, f.source, f.id, f.data
    from reporting.fact f
    where f.district = of_district and f.happened_on <= through
      and f.recorded_at <= instant and (f.superseded_at is null or f.superseded_at > instant)
),
latest as (
    select distinct on (k.project, k.topic) k.project, k.topic, k.event, k.data
    from (
        select known.*, case when event in ('suspended', 'resumed', 'terminated') then 'phase' else event end as topic
        from known where event in ('registered', 'claimed', 'suspended', 'resumed', 'terminated')
    ) k
    order by k.project, k.topic, k.happened_on desc, k.recorded_at desc, k.source desc, k.id desc
),
described as (
    select l.project,
        max(l.data ->> 'name') filter (where l.topic = 'registered') as name,
        max(l.data ->> 'industry') filter (where l.topic = 'registered') as industry,
        max(l.data ->> 'cluster') filter (where l.topic = 'registered') as cluster,
        max(l.data ->> 'channel') filter (where l.topic = 'registered') as channel,
        max(l.data ->> 'lead_unit') filter (where l.topic = 'claimed') as lead_unit,
        max(l.data ->> 'lead_official') filter (where l.topic = 'claimed') as lead_official,
        max(l.event) filter (where l.topic = 'phase') as phase
    from latest l
    group by l.project
),
furthest as (
    select k.project, max(step.place) as place, max(k.recorded_at) as last_recorded_at,
        coalesce(sum(k.amount) filter (where k.event = 'funds-arrived'), 0) as funds_arrived,
        (array_agg(k.amount order by k.happened_on, k.recorded_at, k.source, k.id)
            filter (where k.event = 'signed' and k.kind = 'contract'))[1] as first_contract,
        sum(k.amount) filter (where k.event = 'signed' and k.kind = 'supplement') as supplements,
        jsonb_object_agg(k.event, k.happened_on order by k.happened_on desc) filter (
            where k.event in ('site-fixed', 'planned', 'started', 'completed', 'commissioned')
               or (k.event = 'signed' and k.kind = 'contract')) as done
    from known k
    left join step on step.reached = case
        when k.event = 'registered' then 'reserved'
        when k.event = 'claimed' then 'negotiating'
        when k.event <> 'signed' or k.kind = 'contract' then k.event end
    group by k.project
)
select f.project, coalesce(d.name, reporting.named(of_district, f.project, instant)),
    case when d.phase in ('suspended', 'terminated') then d.phase else reached.reached end, reached.reached,
    d.lead_official, d.lead_unit, d.industry, d.cluster, d.channel,
    coalesce(f.first_contract + coalesce(f.supplements, 0), f.supplements), f.funds_arrived,
    (
        select coalesce(jsonb_object_agg(m.key, jsonb_build_object('due', m.value ->> 'due', 'on', f.done ->> m.key)), '{}')
        from jsonb_each(p.milestones) m
    ),
    f.last_recorded_at
from furthest f
join reporting.project p on p.district = of_district and p.project = f.project
left join described d on d.project = f.project
left join step as now on now.reached = p.reached
join step as reached on reached.place = greatest(
    coalesce(f.place, 1), case when now.reached in ('negotiating', 'approved') then now.place else 1 end)
union all
-- One of which no fact has arrived at all, only a timetable perhaps.
select n.* from reporting.standing_now(of_district) n
where instant = 'infinity'
  and not exists (select from reporting.fact f where f.district = of_district and f.project = n.project)
$$;

-- As the ledger says now when the asked day is `present`, else as it was: one of the two is not even begun.
create function reporting.standing_on(of_district text, through date, instant timestamptz, present boolean)
returns table (
    project text, name text, stage text, reached text, lead_official text, lead_unit text, industry text, cluster text,
    channel text, contract_amount numeric, funds_arrived numeric, milestones jsonb, last_recorded_at timestamptz
)
language sql stable as $$
select * from reporting.standing_now(of_district) where present
union all
select * from reporting.standing(of_district, through, coalesce(instant, 'infinity')) where not present
$$;

-- The milestone of a project that has been overdue for longest, if any is; a paused or ended one owes nothing.
create function reporting.missed(stage text, milestones jsonb, through date)
returns table (milestone text, due date)
language sql stable as $$
select m.key, (m.value ->> 'due')::date
from jsonb_each(milestones) m
where stage not in ('suspended', 'terminated')
  and (m.value ->> 'due')::date < through
  and (m.value ->> 'on' is null or (m.value ->> 'on')::date > through)
order by (m.value ->> 'due')::date, m.key
limit 1
$$;
