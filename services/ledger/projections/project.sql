-- What is true of projects: one text for the live fold, the rebuild and any past instant.
--
-- Every value follows from the events recorded by then, never from the order in which they were folded:
--   counted  = recorded by the instant, and not replaced or voided by then;
--   latest   = last by ("on", recorded_at, source, id): the business date decides, then the instant of recording.
--
-- Each key is folded by itself, over rows that its index returns in that order: hardly a sort, no join, and no plan that
-- could go wrong with the planner's guess of how many events a project has.

drop function if exists ledger.project_as_of(text[], text[], timestamptz);
drop function if exists ledger.project_message(ledger.project);
drop aggregate if exists ledger.merged(jsonb);

-- One object of many: of two values under one key, that of the later object stays.
create aggregate ledger.merged(jsonb) (sfunc = jsonb_concat, stype = jsonb, initcond = '{}', parallel = safe);

-- A milestone's entry in the record, or nothing when it is neither due nor done.
create or replace function ledger.milestone(name text, due jsonb, done date) returns jsonb language sql immutable as $$
select case
    when done is null and (due -> name) is null then '{}'
    else jsonb_build_object(name, jsonb_build_object('due', due -> name, 'on', done))
end
$$;

-- Anomalies from events given as [on, source, id]: those before a day, or all of them when there is no such day.
create or replace function ledger.out_of_order(events jsonb, code text, day date, sentence text)
returns jsonb language sql immutable as $$
select case
    when events is null then '[]'
    else (
        select coalesce(jsonb_agg(jsonb_build_object(
            'code', code, 'source', one -> 1, 'event', one -> 2, 'text', format(sentence, one ->> 0))), '[]')
        from jsonb_array_elements(events) as one
        where day is null or (one ->> 0)::date < day
    )
end
$$;

create function ledger.project_as_of(districts text[], projects text[], instant timestamptz)
-- Dates and instants are printed into the record: their form must not follow the session's settings.
returns setof ledger.project language sql stable set timezone to 'UTC' set datestyle to 'ISO' as $$
with folded as (
    select key.district, key.subject, fold.*
    from (select distinct district, subject from unnest(districts, projects) as asked (district, subject)) as key
    cross join lateral (
        select
            count(*)::integer as revision,
            sha256(string_agg(digest, ''::bytea order by recorded_at, source, id)) as digest,
            bool_or(name not in ('voided', 'outreach-made', 'target-set')) as is_project,
            -- The data of the latest event of each kind, and which of the three phases came last.
            jsonb_object_agg(
                case when name in ('suspended', 'resumed', 'terminated') then 'phase' else name end,
                case when name in ('suspended', 'resumed', 'terminated') then to_jsonb(name) else data end
                order by "on", recorded_at, source, id
            ) filter (
                where counted and name in ('registered', 'claimed', 'evaluated', 'suspended', 'resumed', 'terminated')
            ) as latest,
            ledger.merged(data -> 'milestones' order by "on", recorded_at, source, id)
                filter (where counted and name = 'timetable-set') as due,
            min("on") filter (where contract) as signed_on,
            min("on") filter (where counted and name = 'site-fixed') as site_fixed_on,
            min("on") filter (where counted and name = 'planned') as planned_on,
            min("on") filter (where counted and name = 'started') as started_on,
            min("on") filter (where counted and name = 'completed') as completed_on,
            min("on") filter (where counted and name = 'commissioned') as commissioned_on,
            bool_or(counted and name = 'at-capacity') as at_capacity,
            bool_or(counted and name = 'approved') as approved,
            bool_or(counted and name = 'intent-signed') as intent_signed,
            bool_or(counted and name in ('claimed', 'evaluated')) as negotiating,
            -- The first contract counts whole; later ones are the same investment, and only a supplement adds to it.
            (array_agg((data ->> 'amount')::numeric order by "on", recorded_at, source, id)
                filter (where contract))[1] as first_contract,
            sum((data ->> 'amount')::numeric)
                filter (where counted and name = 'signed' and data ->> 'kind' = 'supplement') as supplements,
            sum((data ->> 'amount')::numeric) filter (where counted and name = 'funds-arrived') as funds_arrived,
            jsonb_object_agg(data ->> 'gate', jsonb_build_object('outcome', data -> 'outcome', 'on', "on")
                order by "on", recorded_at, source, id) filter (where counted and name = 'reviewed') as gates,
            jsonb_object_agg(data ->> 'issue', data - array['on', 'issue', 'note']
                || jsonb_build_object('raised_on', "on", 'resolved_on', null)
                order by "on", recorded_at, source, id) filter (where counted and name = 'issue-raised') as raised,
            jsonb_object_agg(data ->> 'issue', "on" order by "on", recorded_at, source, id)
                filter (where counted and name = 'issue-resolved') as resolved,
            jsonb_object_agg(data ->> 'pledge', data - array['on', 'pledge', 'note']
                || jsonb_build_object('made_on', "on", 'kept_on', null)
                order by "on", recorded_at, source, id) filter (where counted and name = 'pledge-made') as made,
            jsonb_object_agg(data ->> 'pledge', "on" order by "on", recorded_at, source, id)
                filter (where counted and name = 'pledge-kept') as kept,
            -- JSON by concatenation: built from values it costs seven times as much, and it is most of the fold's work.
            string_agg(
                '{"event":"' || name || '","source":"' || source || '","id":' || to_json(id)
                || ',"on":"' || "on" || '","recorded_at":' || to_json(recorded_at)
                || ',"superseded_at":' || coalesce(to_json(superseded_at)::text, 'null') || ',"data":' || data || '}', ','
                order by "on", recorded_at, source, id
            ) filter (
                where name in (
                    'registered', 'claimed', 'intent-signed', 'signed', 'site-fixed', 'planned', 'started', 'completed',
                    'commissioned', 'at-capacity', 'suspended', 'resumed', 'terminated', 'funds-arrived')
            ) as facts,
            -- What may turn out to be out of rule: [on, source, id, what it points at].
            jsonb_agg(jsonb_build_array("on", source, id) order by "on", recorded_at, source, id)
                filter (where counted and name = 'started') as started,
            jsonb_agg(jsonb_build_array("on", source, id) order by "on", recorded_at, source, id)
                filter (where counted and name = 'funds-arrived') as paid,
            jsonb_agg(jsonb_build_array("on", source, id) order by "on", recorded_at, source, id)
                filter (where counted and "on" > (recorded_at at time zone 'Asia/Shanghai')::date) as future,
            jsonb_agg(jsonb_build_array("on", source, id, replaces) order by "on", recorded_at, source, id)
                filter (where replaces is not null) as replacing,
            jsonb_agg(jsonb_build_array("on", source, id, voids) order by "on", recorded_at, source, id)
                filter (where voids is not null) as voiding
        from (
            select
                *,
                superseded_at is null as counted,
                superseded_at is null and name = 'signed' and data ->> 'kind' = 'contract' as contract
            from (
                -- A correction reaches only events of its own source and project, and counts from its own recording on.
                select event.*, least(
                    (
                        select min(later.recorded_at) from ledger.event as later
                        where (later.district, later.subject, later.source) = (event.district, event.subject, event.source)
                            and later.replaces = event.id and later.recorded_at <= instant
                    ),
                    (
                        select min(later.recorded_at) from ledger.event as later
                        where (later.district, later.subject, later.source) = (event.district, event.subject, event.source)
                            and later.voids = event.id and later.recorded_at <= instant
                    )
                ) as superseded_at
                from ledger.event
                where event.district = key.district and event.subject = key.subject and event.recorded_at <= instant
                -- Computed once for each event, not once for each aggregate that asks.
                offset 0
            ) as known
        ) as judged
    ) as fold
),
named as (
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
    from folded
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
    ledger.milestone('site-fixed', due, site_fixed_on) || ledger.milestone('planned', due, planned_on)
        || ledger.milestone('signed', due, signed_on) || ledger.milestone('started', due, started_on)
        || ledger.milestone('completed', due, completed_on) || ledger.milestone('commissioned', due, commissioned_on),
    coalesce(gates, '{}'),
    latest -> 'evaluated' -> 'factors',
    contract_amount,
    coalesce(funds_arrived, 0),
    case when resolved is null then coalesce(raised, '{}') else (
        select jsonb_object_agg(issue, coalesce(raised -> issue, '{"raised_on": null}')
            || jsonb_build_object('resolved_on', resolved -> issue))
        from jsonb_object_keys(coalesce(raised, '{}') || resolved) as issue
    ) end,
    case when kept is null then coalesce(made, '{}') else (
        select jsonb_object_agg(pledge, coalesce(made -> pledge, '{"made_on": null}')
            || jsonb_build_object('kept_on', kept -> pledge))
        from jsonb_object_keys(coalesce(made, '{}') || kept) as pledge
    ) end,
    ledger.out_of_order(future, 'date-in-future', null, '填报日期 %s 晚于报送日期')
        || case when replacing is null and voiding is null then '[]' else coalesce((
            select jsonb_agg(jsonb_build_object('code', 'corrects-nothing', 'source', one -> 1, 'event', one -> 2,
                'text', format('更正或作废的原报送 %s 不存在', one ->> 3)))
            from jsonb_array_elements(coalesce(replacing, '[]') || coalesce(voiding, '[]')) as one
            where not exists (
                select from ledger.event as earlier
                where earlier.district = named.district and earlier.source = one ->> 1 and earlier.id = one ->> 3
                    and earlier.subject = named.subject and earlier.recorded_at <= instant)
        ), '[]') end
        || case
            when signed_on is null or (
                (gates #>> '{preliminary,outcome}', gates #>> '{industry,outcome}', gates #>> '{legal,outcome}')
                    = ('passed', 'passed', 'passed')
                and greatest(gates #>> '{preliminary,on}', gates #>> '{industry,on}', gates #>> '{legal,on}')::date
                    <= signed_on
            ) then '[]'
            else jsonb_build_array(jsonb_build_object('code', 'signed-before-gates', 'source', null, 'event', null,
                'text', format('%s 签约时三项审查尚未全部通过', signed_on)))
        end
        || ledger.out_of_order(started, 'started-before-signed', signed_on, '%s 开工时尚未签订正式合同')
        || ledger.out_of_order(paid, 'funds-before-signing', signed_on, '%s 资金到位时尚未签订正式合同')
        || case
            when funds_arrived > contract_amount and first_contract is not null then
                jsonb_build_array(jsonb_build_object('code', 'funds-beyond-contract', 'source', null, 'event', null,
                    'text', format('到位资金 %s 元超过合同金额 %s 元', funds_arrived, contract_amount)))
            else '[]'
        end,
    '[' || coalesce(facts, '') || ']'
from named
$$;

-- The record as it is published: money as decimal strings, the digest in hex.
create function ledger.project_message(project ledger.project) returns text language sql stable as $$
select json_build_object(
    'district', project.district,
    'project', project.project,
    'revision', project.revision,
    'digest', encode(project.digest, 'hex'),
    'name', project.name,
    'stage', project.stage,
    'reached', project.reached,
    'lead_official', project.lead_official,
    'lead_unit', project.lead_unit,
    'command_office', project.command_office,
    'industry', project.industry,
    'cluster', project.cluster,
    'channel', project.channel,
    'investor', project.investor,
    'planned_amount', project.planned_amount::text,
    'milestones', project.milestones,
    'gates', project.gates,
    'evaluation', project.evaluation,
    'contract_amount', project.contract_amount::text,
    'funds_arrived', project.funds_arrived::text,
    'issues', project.issues,
    'pledges', project.pledges,
    'anomalies', project.anomalies,
    'facts', project.facts::json)
$$;
