-- What is true of projects: one text for the live fold, the rebuild and any past instant.
--
-- Every value follows from the events recorded by then, never from the order in which they were folded:
--   counted  = recorded by the instant, and not replaced or voided by then;
--   latest   = last by ("on", recorded_at, source, id): the business date decides, then the instant of recording.

drop function if exists ledger.project_as_of(text[], text[], timestamptz);

create function ledger.project_as_of(districts text[], projects text[], instant timestamptz)
-- Dates and instants are printed into the record: their form must not follow the session's settings.
returns setof ledger.project language sql stable set timezone to 'UTC' set datestyle to 'ISO' as $$
with
key as materialized (
    select distinct district, subject from unnest(districts, projects) as asked (district, subject)
),
recorded as materialized (
    select event.*
    from key join ledger.event using (district, subject)
    where event.recorded_at <= instant
),
-- A correction reaches only events of its own source and project, and counts from its own recording on.
correction as (
    select district, subject, source, corrected as id, min(recorded_at) as superseded_at
    from recorded
    cross join lateral (values (replaces), (case when name = 'voided' then data ->> 'event' end)) as pointer (corrected)
    where corrected is not null
    group by district, subject, source, corrected
),
event as materialized (
    select
        recorded.*,
        correction.superseded_at,
        correction.superseded_at is null as counted,
        case
            when name = 'signed' and data ->> 'kind' <> 'contract' then null
            else array_position(
                array['registered', 'negotiating', 'intent-signed', 'approved', 'signed', 'site-fixed', 'planned',
                      'started', 'completed', 'commissioned', 'at-capacity'],
                case when name in ('claimed', 'evaluated') then 'negotiating' else name end)
        end as step
    from recorded left join correction using (district, subject, source, id)
),
head as (
    select
        district,
        subject,
        count(*)::integer as revision,
        sha256(string_agg(digest, ''::bytea order by recorded_at, source, id)) as digest,
        (array_agg(data order by "on" desc, recorded_at desc, source desc, id desc)
            filter (where counted and name = 'registered'))[1] as registered,
        (array_agg(data order by "on" desc, recorded_at desc, source desc, id desc)
            filter (where counted and name = 'claimed'))[1] as claimed,
        (array_agg(data -> 'factors' order by "on" desc, recorded_at desc, source desc, id desc)
            filter (where counted and name = 'evaluated'))[1] as evaluation,
        (array_agg(name order by "on" desc, recorded_at desc, source desc, id desc)
            filter (where counted and name in ('suspended', 'resumed', 'terminated')))[1] as phase,
        max(step) filter (where counted) as step,
        -- The first contract counts whole; later ones are the same investment, and only a supplement adds to it.
        (array_agg((data ->> 'amount')::numeric order by "on", recorded_at, source, id)
            filter (where counted and name = 'signed' and data ->> 'kind' = 'contract'))[1] as first_contract,
        min("on") filter (where counted and name = 'signed' and data ->> 'kind' = 'contract') as contract_on,
        sum((data ->> 'amount')::numeric)
            filter (where counted and name = 'signed' and data ->> 'kind' = 'supplement') as supplements,
        coalesce(sum((data ->> 'amount')::numeric) filter (where counted and name = 'funds-arrived'), 0) as funds_arrived
    from event
    group by district, subject
    having bool_or(name not in ('voided', 'outreach-made', 'target-set'))
),
fact as (
    select
        district,
        subject,
        jsonb_agg(
            jsonb_build_object(
                'event', name, 'source', source, 'id', id, 'on', "on", 'recorded_at', recorded_at,
                'superseded_at', superseded_at, 'data', data)
            order by recorded_at, source, id) as facts
    from event
    where name in ('registered', 'claimed', 'intent-signed', 'signed', 'site-fixed', 'planned', 'started', 'completed',
                   'commissioned', 'at-capacity', 'suspended', 'resumed', 'terminated', 'funds-arrived')
    group by district, subject
),
due as (
    select distinct on (district, subject, milestone) district, subject, milestone, due
    from event cross join lateral jsonb_each_text(data -> 'milestones') as entry (milestone, due)
    where counted and name = 'timetable-set'
    order by district, subject, milestone, "on" desc, recorded_at desc, source desc, id desc
),
done as (
    select district, subject, name as milestone, min("on") as "on"
    from event
    where counted and step is not null
        and name in ('site-fixed', 'planned', 'signed', 'started', 'completed', 'commissioned')
    group by district, subject, name
),
milestone as (
    select district, subject, jsonb_object_agg(milestone, jsonb_build_object('due', due, 'on', "on")) as milestones
    from due full join done using (district, subject, milestone)
    group by district, subject
),
review as (
    select distinct on (district, subject, data ->> 'gate')
        district, subject, data ->> 'gate' as gate, data ->> 'outcome' as outcome, "on"
    from event
    where counted and name = 'reviewed'
    order by district, subject, data ->> 'gate', "on" desc, recorded_at desc, source desc, id desc
),
gate as (
    select
        district,
        subject,
        jsonb_object_agg(gate, jsonb_build_object('outcome', outcome, 'on', "on")) as gates,
        count(*) filter (where outcome = 'passed') as passed,
        max("on") as last_on
    from review
    group by district, subject
),
raised as (
    select distinct on (district, subject, data ->> 'issue')
        district, subject, data ->> 'issue' as issue, data - array['on', 'issue', 'note'] as said, "on"
    from event
    where counted and name = 'issue-raised'
    order by district, subject, data ->> 'issue', "on" desc, recorded_at desc, source desc, id desc
),
resolved as (
    select district, subject, data ->> 'issue' as issue, min("on") as "on"
    from event
    where counted and name = 'issue-resolved'
    group by district, subject, data ->> 'issue'
),
issue as (
    select
        district,
        subject,
        jsonb_object_agg(
            issue,
            coalesce(raised.said, '{}') || jsonb_build_object('raised_on', raised."on", 'resolved_on', resolved."on")
        ) as issues
    from raised full join resolved using (district, subject, issue)
    group by district, subject
),
made as (
    select distinct on (district, subject, data ->> 'pledge')
        district, subject, data ->> 'pledge' as pledge, data - array['on', 'pledge', 'note'] as said, "on"
    from event
    where counted and name = 'pledge-made'
    order by district, subject, data ->> 'pledge', "on" desc, recorded_at desc, source desc, id desc
),
kept as (
    select district, subject, data ->> 'pledge' as pledge, min("on") as "on"
    from event
    where counted and name = 'pledge-kept'
    group by district, subject, data ->> 'pledge'
),
pledge as (
    select
        district,
        subject,
        jsonb_object_agg(
            pledge, coalesce(made.said, '{}') || jsonb_build_object('made_on', made."on", 'kept_on', kept."on")
        ) as pledges
    from made full join kept using (district, subject, pledge)
    group by district, subject
),
oddity as (
    select district, subject, 'date-in-future' as code, source, id,
        format('“%s”填报日期 %s 晚于报送日期', name, "on") as text
    from event
    where counted and "on" > (recorded_at at time zone 'Asia/Shanghai')::date
    union all
    select district, subject, 'corrects-nothing', source, null, format('更正或作废的原报送 %s 不存在', id)
    from correction left join recorded using (district, subject, source, id)
    where recorded.name is null
    union all
    select district, subject, 'signed-before-gates', source, id, format('%s 签约时三项审查尚未全部通过', event."on")
    from event left join gate using (district, subject)
    where counted and name = 'signed' and data ->> 'kind' = 'contract'
        and (gate.passed is distinct from 3 or gate.last_on > event."on")
    union all
    select district, subject, 'started-before-signed', source, id, format('%s 开工时尚未签订正式合同', "on")
    from event join head using (district, subject)
    where counted and name = 'started' and (contract_on is null or contract_on > "on")
    union all
    select district, subject, 'funds-before-signing', source, id, format('%s 资金到位时尚未签订正式合同', "on")
    from event join head using (district, subject)
    where counted and name = 'funds-arrived' and (contract_on is null or contract_on > "on")
    union all
    select district, subject, 'funds-beyond-contract', null, null,
        format('到位资金 %s 元超过合同金额 %s 元', funds_arrived, first_contract + coalesce(supplements, 0))
    from head
    where funds_arrived > first_contract + coalesce(supplements, 0)
),
anomaly as (
    select
        district,
        subject,
        jsonb_agg(jsonb_build_object('code', code, 'text', text, 'source', source, 'event', id)
            order by code, source, id) as anomalies
    from oddity
    group by district, subject
)
select
    district,
    subject,
    revision,
    head.digest,
    registered ->> 'name',
    case when phase in ('suspended', 'terminated') then phase else ladder.stage end,
    ladder.stage,
    claimed ->> 'lead_official',
    claimed ->> 'lead_unit',
    claimed ->> 'command_office',
    registered ->> 'industry',
    registered ->> 'cluster',
    registered ->> 'channel',
    registered -> 'investor',
    (registered ->> 'planned_amount')::numeric,
    coalesce(milestones, '{}'),
    coalesce(gates, '{}'),
    evaluation,
    coalesce(first_contract + coalesce(supplements, 0), supplements),
    funds_arrived,
    coalesce(issues, '{}'),
    coalesce(pledges, '{}'),
    coalesce(anomalies, '[]'),
    coalesce(facts, '[]')
from head
cross join lateral (
    select (array['reserved', 'negotiating', 'intent-signed', 'approved', 'signed', 'site-fixed', 'planned', 'started',
                  'completed', 'commissioned', 'at-capacity'])[coalesce(step, 1)] as stage
) as ladder
left join fact using (district, subject)
left join milestone using (district, subject)
left join gate using (district, subject)
left join issue using (district, subject)
left join pledge using (district, subject)
left join anomaly using (district, subject)
$$;

-- The record as it is published: money as decimal strings, the digest in hex.
create or replace function ledger.project_message(project ledger.project) returns jsonb language sql immutable as $$
select to_jsonb(project) || jsonb_build_object(
    'digest', encode(project.digest, 'hex'),
    'planned_amount', project.planned_amount::text,
    'contract_amount', project.contract_amount::text,
    'funds_arrived', project.funds_arrived::text)
$$;
