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
drop function if exists ledger.out_of_order(jsonb, text, date, text);
drop function if exists ledger.out_of_rule(text, jsonb, text, text, date, date, date, date);
drop function if exists ledger.periods(jsonb);
drop aggregate if exists ledger.merged(jsonb);

-- One object of many: of two values under one key, that of the later object stays.
create aggregate ledger.merged(jsonb) (sfunc = jsonb_concat, stype = jsonb, initcond = '{}', parallel = safe);

-- A milestone's entry in the record, or nothing when it is neither due nor done.
-- Stable, not immutable, as what it calls: only so does the planner put its text in place of the call.
create or replace function ledger.milestone(name text, due jsonb, done date) returns jsonb language sql stable as $$
select case
    when done is null and (due -> name) is null then '{}'
    else jsonb_build_object(name, jsonb_build_object('due', due -> name, 'on', done))
end
$$;

-- The times between the phases [on, name, reason] of a project, given in order: each lasts until another one begins.
create function ledger.periods(phases jsonb)
returns table (phase text, "from" date, until date, reason jsonb) language sql stable as $$
select phase, "on", lead("on") over (order by number), reason
from (
    select
        number,
        one ->> 1 as phase,
        (one ->> 0)::date as "on",
        one -> 2 as reason,
        lag(one ->> 1) over (order by number) is distinct from one ->> 1 as begins
    from jsonb_array_elements(phases) with ordinality as given (one, number)
) as ordered
where begins
order by number
$$;

-- Anomalies of single facts, in the order of the rules, then of the facts. A day that is null has not come yet.
create function ledger.out_of_rule(
    facts text, phases jsonb, district text, investor_origin text,
    signed_on date, started_on date, completed_on date, commissioned_on date
) returns jsonb language sql stable as $$
select coalesce(jsonb_agg(
    jsonb_build_object('code', code, 'source', fact -> 'source', 'event', fact -> 'id', 'text', format(sentence, day))
    order by rule, place), '[]')
from (
    select place, fact, fact ->> 'event' as event, (fact ->> 'on')::date as day
    from jsonb_array_elements(facts::jsonb) with ordinality as given (fact, place)
    where fact -> 'superseded_at' = 'null'
) as counted
cross join lateral (
    select
        event in ('intent-signed', 'signed', 'site-fixed', 'planned', 'started', 'completed', 'commissioned', 'at-capacity')
            as is_step,
        -- A step on the very day on which a phase begins or ends may have come before or after it.
        case when phases is not null then (
            select jsonb_object_agg(period.phase, period."from")
            from ledger.periods(phases) as period
            where day > period."from" and (period.until is null or day < period.until)
        ) end as during
) as known
cross join lateral (
    values
    (1, 'started-before-signed', event = 'started' and (day >= signed_on) is not true, '%s 开工时尚未签订正式合同'),
    (2, 'completed-before-started', event = 'completed' and (day >= started_on) is not true, '%s 竣工时尚未开工'),
    (3, 'commissioned-before-completed', event = 'commissioned' and (day >= completed_on) is not true,
        '%s 投产时尚未竣工'),
    (4, 'capacity-before-commissioned', event = 'at-capacity' and (day >= commissioned_on) is not true,
        '%s 达产时尚未投产'),
    (5, 'funds-before-signing', event = 'funds-arrived' and (day >= signed_on) is not true,
        '%s 资金到位时尚未签订正式合同'),
    (6, 'local-money-as-outside',
        event = 'funds-arrived' and investor_origin = district and fact #>> '{data,origin}' <> district,
        '%s 到位资金按区外来源报送，但投资方注册地在本区'),
    (7, 'while-suspended', is_step and during ? 'suspended', format('%%s 报送的进展在项目暂停期间（%s 起）', during ->> 'suspended')),
    (8, 'after-termination', (is_step or event = 'funds-arrived') and during ? 'terminated',
        format('%%s 报送的进展在项目终止（%s）之后', during ->> 'terminated'))
) as rules (rule, code, broken, sentence)
where broken
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
            -- What the project's own notifier says of it is no news of the project.
            max(recorded_at) filter (where name not like 'escalation-%') as last_recorded_at,
            jsonb_object_agg(name, data order by "on", recorded_at, source, id)
                filter (where counted and name in ('registered', 'evaluated')) as latest,
            jsonb_agg(
                jsonb_build_object('from', "on", 'lead_official', data -> 'lead_official',
                    'lead_unit', data -> 'lead_unit', 'command_office', data -> 'command_office')
                order by "on", recorded_at, source, id) filter (where counted and name = 'claimed') as leads,
            jsonb_agg(jsonb_build_array("on", name, data -> 'reason') order by "on", recorded_at, source, id)
                filter (where counted and name in ('suspended', 'resumed', 'terminated')) as phases,
            jsonb_agg(
                jsonb_build_object('on', "on", 'phrase', data -> 'phrase', 'quantity', data -> 'quantity',
                    'source', source, 'id', id)
                order by "on", recorded_at, source, id) filter (where counted and name = 'progress-reported') as progress,
            jsonb_object_agg(
                data ->> 'case',
                jsonb_build_object('case', data -> 'case', 'rule', data -> 'rule', 'rung', data -> 'rung',
                    'state', substr(name, length('escalation-') + 1), 'who', data -> 'who', 'on', "on")
                order by "on", recorded_at, source, id
            ) filter (where counted and name like 'escalation-%') as escalations,
            ledger.merged(data -> 'milestones' order by "on", recorded_at, source, id)
                filter (where counted and name = 'timetable-set') as due,
            min("on") filter (where contract) as signed_on,
            min("on") filter (where counted and name = 'site-fixed') as site_fixed_on,
            min("on") filter (where counted and name = 'planned') as planned_on,
            min("on") filter (where counted and name = 'started') as started_on,
            min("on") filter (where counted and name = 'completed') as completed_on,
            min("on") filter (where counted and name = 'commissioned') as commissioned_on,
            min("on") filter (where counted and name = 'at-capacity') as at_capacity_on,
            min("on") filter (where counted and name = 'funds-arrived') as first_funds_on,
            bool_or(counted and name = 'approved') as approved,
            bool_or(counted and name = 'intent-signed') as intent_signed,
            bool_or(counted and name = 'evaluated') as evaluated,
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
            jsonb_object_agg(data ->> 'issue', jsonb_build_array("on", source, id) order by "on", recorded_at, source, id)
                filter (where counted and name = 'issue-resolved') as resolved,
            jsonb_object_agg(data ->> 'pledge', data - array['on', 'pledge', 'note']
                || jsonb_build_object('made_on', "on", 'kept_on', null)
                order by "on", recorded_at, source, id) filter (where counted and name = 'pledge-made') as made,
            jsonb_object_agg(data ->> 'pledge', jsonb_build_array("on", source, id) order by "on", recorded_at, source, id)
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
                select event.*, case when corrections.some then least(
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
                ) end as superseded_at
                from ledger.event
                -- Asked once a project, since most have none.
                cross join (
                    select exists (
                        select from ledger.event as later
                        where later.district = key.district and later.subject = key.subject
                            and later.replaces is not null
                    ) or exists (
                        select from ledger.event as later
                        where later.district = key.district and later.subject = key.subject and later.voids is not null
                    ) as some
                    offset 0
                ) as corrections
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
        leads -> -1 as lead,
        phases -> -1 ->> 1 as phase,
        '[' || coalesce(facts, '') || ']' as all_facts,
        case
            when at_capacity_on is not null then 'at-capacity'
            when commissioned_on is not null then 'commissioned'
            when completed_on is not null then 'completed'
            when started_on is not null then 'started'
            when planned_on is not null then 'planned'
            when site_fixed_on is not null then 'site-fixed'
            when signed_on is not null then 'signed'
            when approved then 'approved'
            when intent_signed then 'intent-signed'
            when evaluated or leads is not null then 'negotiating'
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
    lead ->> 'lead_official',
    lead ->> 'lead_unit',
    lead ->> 'command_office',
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
        -- Raised again after it was resolved, an issue is open again.
        select jsonb_object_agg(issue, coalesce(raised -> issue, '{"raised_on": null}') || jsonb_build_object(
            'resolved_on', case when (raised #>> array[issue, 'raised_on'] > resolved #>> array[issue, '0']) is not true
                then resolved #> array[issue, '0'] end))
        from jsonb_object_keys(coalesce(raised, '{}') || resolved) as issue
    ) end,
    case when kept is null then coalesce(made, '{}') else (
        select jsonb_object_agg(pledge, coalesce(made -> pledge, '{"made_on": null}') || jsonb_build_object(
            'kept_on', case when (made #>> array[pledge, 'made_on'] > kept #>> array[pledge, '0']) is not true
                then kept #> array[pledge, '0'] end))
        from jsonb_object_keys(coalesce(made, '{}') || kept) as pledge
    ) end,
    case when future is null then '[]' else (
            select jsonb_agg(jsonb_build_object('code', 'date-in-future', 'source', one -> 1, 'event', one -> 2,
                'text', format('填报日期 %s 晚于报送日期', one ->> 0)) order by place)
            from jsonb_array_elements(future) with ordinality as given (one, place)
        ) end
        || case when replacing is null and voiding is null then '[]' else coalesce((
            select jsonb_agg(jsonb_build_object('code', 'corrects-nothing', 'source', one -> 1, 'event', one -> 2,
                'text', format('更正或作废的原报送 %s 不存在', one ->> 3)) order by place)
            from jsonb_array_elements(coalesce(replacing, '[]') || coalesce(voiding, '[]'))
                with ordinality as given (one, place)
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
        -- Which facts are out of rule is asked only when there can be any.
        || case
            when phases is not null
                or (started_on >= signed_on) is not true and started_on is not null
                or (completed_on >= started_on) is not true and completed_on is not null
                or (commissioned_on >= completed_on) is not true and commissioned_on is not null
                or (at_capacity_on >= commissioned_on) is not true and at_capacity_on is not null
                or (first_funds_on >= signed_on) is not true and first_funds_on is not null
                or registered #>> '{investor,origin}' = district
            then ledger.out_of_rule(
                all_facts, phases, district, registered #>> '{investor,origin}', signed_on, started_on, completed_on,
                commissioned_on)
            else '[]'
        end
        || case
            when funds_arrived > contract_amount and first_contract is not null then
                jsonb_build_array(jsonb_build_object('code', 'funds-beyond-contract', 'source', null, 'event', null,
                    'text', format('到位资金 %s 元超过合同金额 %s 元', funds_arrived, contract_amount)))
            else '[]'
        end
        || case when resolved is null or raised ?& array(select jsonb_object_keys(resolved)) then '[]' else (
            select jsonb_agg(jsonb_build_object('code', 'resolved-not-raised', 'source', one -> 1, 'event', one -> 2,
                'text', format('%s 办结的问题 %s 此前未提出', one ->> 0, issue)) order by issue collate "C")
            from jsonb_each(resolved) as given (issue, one)
            where (raised ? issue) is not true
        ) end
        || case when kept is null or made ?& array(select jsonb_object_keys(kept)) then '[]' else (
            select jsonb_agg(jsonb_build_object('code', 'kept-not-made', 'source', one -> 1, 'event', one -> 2,
                'text', format('%s 兑现的承诺 %s 此前未作出', one ->> 0, pledge)) order by pledge collate "C")
            from jsonb_each(kept) as given (pledge, one)
            where (made ? pledge) is not true
        ) end,
    all_facts,
    last_recorded_at,
    case when phases is null then '[]' else (
        select coalesce(jsonb_agg(
            jsonb_build_object('from', period."from", 'until', period.until, 'reason', period.reason)
            order by period."from", period.until), '[]')
        from ledger.periods(phases) as period
        where period.phase = 'suspended'
    ) end,
    coalesce(leads, '[]'),
    coalesce(progress, '[]'),
    case when escalations is null then '[]' else (
        select jsonb_agg(escalation order by name collate "C") from jsonb_each(escalations) as each_case (name, escalation)
    ) end
from named
$$;

-- The record as it is published: money as decimal strings, the digest in hex, instants with their offset from UTC.
-- What is JSON text already is put in as it is: to read it once more would cost as much as all the rest.
create function ledger.project_message(project ledger.project) returns text language sql stable as $$
select left(json_build_object(
    'district', project.district,
    'project', project.project,
    'revision', project.revision,
    'digest', encode(project.digest, 'hex'),
    'last_recorded_at', to_json(project.last_recorded_at at time zone 'UTC') #>> '{}' || '+00:00',
    'name', project.name,
    'stage', project.stage,
    'reached', project.reached,
    'lead_official', project.lead_official,
    'lead_unit', project.lead_unit,
    'command_office', project.command_office,
    'leads', project.leads,
    'industry', project.industry,
    'cluster', project.cluster,
    'channel', project.channel,
    'investor', project.investor,
    'planned_amount', project.planned_amount::text,
    'milestones', project.milestones,
    'suspensions', project.suspensions,
    'gates', project.gates,
    'evaluation', project.evaluation,
    'contract_amount', project.contract_amount::text,
    'funds_arrived', project.funds_arrived::text,
    'progress', project.progress,
    'issues', project.issues,
    'pledges', project.pledges,
    'escalations', project.escalations,
    'anomalies', project.anomalies)::text, -1) || ', "facts" : ' || project.facts || '}'
$$;
