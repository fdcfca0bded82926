-- What is true of projects: one text for the live fold, the rebuild and any past instant.
--
-- Every value follows from the events recorded by then, never from the order in which they were folded:
--   counted  = recorded by the instant, and not replaced or voided by then;
--   latest   = last by ("on", recorded_at, source, id): the business date decides, then the instant of recording.
--
-- No step joins: what an event must know of its neighbours comes through windows over sorted rows. The planner cannot
-- guess how many events a key has, and a join of two guesses would be a nested loop.

drop function if exists ledger.project_as_of(text[], text[], timestamptz);
drop aggregate if exists ledger.merged(jsonb);

-- One object of many: of two values under one key, that of the later object stays.
create aggregate ledger.merged(jsonb) (sfunc = jsonb_concat, stype = jsonb, initcond = '{}', parallel = safe);

create function ledger.project_as_of(districts text[], projects text[], instant timestamptz)
-- Dates and instants are printed into the record: their form must not follow the session's settings.
returns setof ledger.project language sql stable set timezone to 'UTC' set datestyle to 'ISO' as $$
with
recorded as (
    select event.*
    from (select distinct district, subject from unnest(districts, projects) as asked (district, subject)) as key
    join ledger.event using (district, subject)
    where event.recorded_at <= instant
),
-- Each event once for itself and once for each event that it corrects: `about` is the id it speaks of.
spoken as (
    select recorded.*, pointer.about, pointer.corrects
    from recorded
    cross join lateral (
        values
            (id, false),
            (replaces, true),
            (case when name = 'voided' then data ->> 'event' end, true)
    ) as pointer (about, corrects)
    where pointer.about is not null
),
-- A correction reaches only events of its own source and project, and counts from its own recording on.
event as (
    select
        *,
        min(recorded_at) filter (where corrects) over same_id as superseded_at,
        count(*) filter (where not corrects) over same_id = 0 as about_nothing
    from spoken
    window same_id as (partition by district, subject, source, about)
),
marked as (
    select
        *,
        superseded_at is null and not corrects as counted,
        name = 'signed' and data ->> 'kind' = 'contract' and superseded_at is null and not corrects as contract
    from event
),
placed as (
    select
        *,
        min("on") filter (where contract) over (partition by district, subject) as contract_on
    from marked
),
head as (
    select
        district,
        subject,
        count(*) filter (where not corrects)::integer as revision,
        sha256(string_agg(digest, ''::bytea order by recorded_at, source, id) filter (where not corrects)) as digest,
        bool_or(name not in ('voided', 'outreach-made', 'target-set')) as is_project,
        -- The data of the latest event of each kind, and which of the three phases came last.
        coalesce(jsonb_object_agg(
            case when name in ('suspended', 'resumed', 'terminated') then 'phase' else name end,
            case when name in ('suspended', 'resumed', 'terminated') then to_jsonb(name) else data end
            order by "on", recorded_at, source, id
        ) filter (
            where counted and name in ('registered', 'claimed', 'evaluated', 'suspended', 'resumed', 'terminated')
        ), '{}') as latest,
        ledger.merged(data -> 'milestones' order by "on", recorded_at, source, id)
            filter (where counted and name = 'timetable-set') as due,
        min(contract_on) as signed_on,
        min("on") filter (where counted and name = 'site-fixed') as site_fixed_on,
        min("on") filter (where counted and name = 'planned') as planned_on,
        min("on") filter (where counted and name = 'started') as started_on,
        min("on") filter (where counted and name = 'completed') as completed_on,
        min("on") filter (where counted and name = 'commissioned') as commissioned_on,
        bool_or(name = 'at-capacity' and counted) as at_capacity,
        bool_or(name = 'approved' and counted) as approved,
        bool_or(name = 'intent-signed' and counted) as intent_signed,
        bool_or(name in ('claimed', 'evaluated') and counted) as negotiating,
        -- The first contract counts whole; later ones are the same investment, and only a supplement adds to it.
        (array_agg((data ->> 'amount')::numeric order by "on", recorded_at, source, id)
            filter (where contract))[1] as first_contract,
        sum((data ->> 'amount')::numeric)
            filter (where counted and name = 'signed' and data ->> 'kind' = 'supplement') as supplements,
        coalesce(sum((data ->> 'amount')::numeric) filter (where counted and name = 'funds-arrived'), 0) as funds_arrived,
        coalesce(jsonb_object_agg(
            data ->> 'gate', jsonb_build_object('outcome', data -> 'outcome', 'on', "on")
            order by "on", recorded_at, source, id
        ) filter (where counted and name = 'reviewed'), '{}') as gates,
        coalesce(jsonb_object_agg(
            data ->> 'issue',
            (data - array['on', 'issue', 'note']) || jsonb_build_object('raised_on', "on", 'resolved_on', null)
            order by "on", recorded_at, source, id
        ) filter (where counted and name = 'issue-raised'), '{}') as issues,
        jsonb_object_agg(data ->> 'issue', "on" order by "on", recorded_at, source, id)
            filter (where counted and name = 'issue-resolved') as resolved,
        coalesce(jsonb_object_agg(
            data ->> 'pledge',
            (data - array['on', 'pledge', 'note']) || jsonb_build_object('made_on', "on", 'kept_on', null)
            order by "on", recorded_at, source, id
        ) filter (where counted and name = 'pledge-made'), '{}') as pledges,
        jsonb_object_agg(data ->> 'pledge', "on" order by "on", recorded_at, source, id)
            filter (where counted and name = 'pledge-kept') as kept,
        coalesce(jsonb_agg(
            jsonb_build_object(
                'event', name, 'source', source, 'id', id, 'on', "on", 'recorded_at', recorded_at,
                'superseded_at', superseded_at, 'data', data)
            order by recorded_at, source, id
        ) filter (
            where not corrects and name in (
                'registered', 'claimed', 'intent-signed', 'signed', 'site-fixed', 'planned', 'started', 'completed',
                'commissioned', 'at-capacity', 'suspended', 'resumed', 'terminated', 'funds-arrived')
        ), '[]') as facts,
        jsonb_agg(
            jsonb_build_object('code', 'date-in-future', 'source', source, 'event', id,
                'text', format('“%s”填报日期 %s 晚于报送日期', name, "on"))
            order by recorded_at, source, id
        ) filter (where counted and "on" > (recorded_at at time zone 'Asia/Shanghai')::date) as future,
        jsonb_agg(
            jsonb_build_object('code', 'corrects-nothing', 'source', source, 'event', id,
                'text', format('更正或作废的原报送 %s 不存在', about))
            order by recorded_at, source, id, about
        ) filter (where corrects and about_nothing) as astray,
        jsonb_agg(
            jsonb_build_object('code', 'started-before-signed', 'source', source, 'event', id,
                'text', format('%s 开工时尚未签订正式合同', "on"))
            order by recorded_at, source, id
        ) filter (
            where counted and name = 'started' and (contract_on is null or contract_on > "on")) as started_early,
        jsonb_agg(
            jsonb_build_object('code', 'funds-before-signing', 'source', source, 'event', id,
                'text', format('%s 资金到位时尚未签订正式合同', "on"))
            order by recorded_at, source, id
        ) filter (
            where counted and name = 'funds-arrived' and (contract_on is null or contract_on > "on")) as paid_early
    from placed
    group by district, subject
),
summed as (
    select
        *,
        coalesce(first_contract + coalesce(supplements, 0), supplements) as contract_amount,
        latest -> 'registered' as registered,
        latest -> 'claimed' as claimed,
        latest ->> 'phase' as phase,
        case
            when at_capacity then 'at-capacity'
            when commissioned_on is not null then 'commissioned'
            when completed_on is not null then 'completed'
            when started_on is not null then 'started'
            when planned_on is not null then 'planned'
            when site_fixed_on is not null then 'site-fixed'
            when signed_on is not null then 'signed'
            when approved then 'approved'
            when intent_signed then 'intent-signed'
            when negotiating then 'negotiating'
            else 'reserved'
        end as reached
    from head
    where is_project
)
select
    district,
    subject,
    revision,
    digest,
    registered ->> 'name',
    case when phase in ('suspended', 'terminated') then phase else reached end,
    reached,
    claimed ->> 'lead_official',
    claimed ->> 'lead_unit',
    claimed ->> 'command_office',
    registered ->> 'industry',
    registered ->> 'cluster',
    registered ->> 'channel',
    registered -> 'investor',
    (registered ->> 'planned_amount')::numeric,
    (
        select coalesce(jsonb_object_agg(milestone, jsonb_build_object('due', due -> milestone, 'on', "on")), '{}')
        from (
            values
                ('site-fixed', site_fixed_on), ('planned', planned_on), ('signed', signed_on), ('started', started_on),
                ('completed', completed_on), ('commissioned', commissioned_on)
        ) as reached (milestone, "on")
        where "on" is not null or due ? milestone
    ),
    gates,
    latest -> 'evaluated' -> 'factors',
    contract_amount,
    funds_arrived,
    case when resolved is null then issues else (
        select jsonb_object_agg(issue, coalesce(issues -> issue, '{"raised_on": null}')
            || jsonb_build_object('resolved_on', resolved -> issue))
        from jsonb_object_keys(issues || resolved) as issue
    ) end,
    case when kept is null then pledges else (
        select jsonb_object_agg(pledge, coalesce(pledges -> pledge, '{"made_on": null}')
            || jsonb_build_object('kept_on', kept -> pledge))
        from jsonb_object_keys(pledges || kept) as pledge
    ) end,
    coalesce(future, '[]') || coalesce(astray, '[]')
        || case
            when signed_on is null or (
                select count(*) = 3
                from jsonb_each(gates) as gate (name, review)
                where review ->> 'outcome' = 'passed' and (review ->> 'on')::date <= signed_on
            ) then '[]'
            else jsonb_build_array(jsonb_build_object('code', 'signed-before-gates', 'source', null, 'event', null,
                'text', format('%s 签约时三项审查尚未全部通过', signed_on)))
        end
        || coalesce(started_early, '[]') || coalesce(paid_early, '[]')
        || case
            when funds_arrived > contract_amount and first_contract is not null then
                jsonb_build_array(jsonb_build_object('code', 'funds-beyond-contract', 'source', null, 'event', null,
                    'text', format('到位资金 %s 元超过合同金额 %s 元', funds_arrived, contract_amount)))
            else '[]'
        end,
    facts
from summed
$$;

-- The record as it is published: money as decimal strings, the digest in hex.
create or replace function ledger.project_message(project ledger.project) returns jsonb language sql immutable as $$
select to_jsonb(project) || jsonb_build_object(
    'digest', encode(project.digest, 'hex'),
    'planned_amount', project.planned_amount::text,
    'contract_amount', project.contract_amount::text,
    'funds_arrived', project.funds_arrived::text)
$$;
