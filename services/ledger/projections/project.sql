-- What is true of projects: one text for the live fold, the rebuild and any past instant.
--
-- Every value follows from the events recorded by then, never from the order in which they were folded:
--   counted  = recorded by the instant, and not replaced or voided by then;
--   latest   = last by ("on", recorded_at, source, id): the business date decides, then the instant of recording.
--
-- Each key is folded by itself, over rows that its index returns in that order: hardly a sort, no join, and no plan that
-- could go wrong with the planner's guess of how many events a project has.

drop function if exists ledger.project_as_of(text[], text[], timestamptz);
drop function if exists ledger.project_message(ledger.project, text);
drop function if exists ledger.out_of_order(jsonb, text, date, text);
drop function if exists ledger.out_of_rule(text, jsonb, text, text, date, date, date, date);
drop function if exists ledger.milestone(text, jsonb, date);
drop function if exists ledger.before(jsonb, text, date, text, text);
drop function if exists ledger.during(jsonb, jsonb, text, text, text);
drop function if exists ledger.periods(jsonb);
drop function if exists ledger.first_recorded_at(text, text, text, text, text, timestamptz, timestamptz);
drop function if exists ledger.courses(jsonb);
drop function if exists ledger.ended_unbegun(jsonb, text, text);
drop aggregate if exists ledger.merged(jsonb);

-- One object of many: of two values under one key, that of the later object stays.
create aggregate ledger.merged(jsonb) (sfunc = jsonb_concat, stype = jsonb, initcond = '{}', parallel = safe);

-- A milestone's entry in the record, as text, or null when it is neither due nor done.
-- Stable, not immutable, as what it calls: only so does the planner put its text in place of the call.
create function ledger.milestone(name text, due jsonb, done date) returns text language sql stable as $$
select case
    when done is not null or due ? name then
        '"' || name || '":{"due":' || coalesce((due -> name)::text, 'null')
        || ',"on":' || coalesce('"' || done || '"', 'null') || '}'
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

-- When an event was first on record: with the earliest of those of its own kind that it replaces, one after another.
create function ledger.first_recorded_at(
    district text, subject text, source text, name text, replaces text, recorded_at timestamptz, instant timestamptz)
returns timestamptz language sql stable as $$
with recursive version as (
    select first_recorded_at.replaces collate "C", first_recorded_at.recorded_at
    union
    select earlier.replaces, earlier.recorded_at
    from version join ledger.event as earlier on earlier.id = version.replaces
    where earlier.district = first_recorded_at.district and earlier.subject = first_recorded_at.subject
        and earlier.source = first_recorded_at.source and earlier.name = first_recorded_at.name
        and earlier.recorded_at <= instant
)
select min(recorded_at) from version
$$;

-- How each thing stands that begins and ends, and may begin again: a problem, a pledge. Given are beginnings and ends
-- {key, begins, on, first, recorded_at, source, id, said} in the order of the fold. Said again before its end, a beginning
-- begins nothing, and nothing ends twice. `said` is what was said last of its beginning, `ending` of its end.
create function ledger.courses(moves jsonb)
returns table (key text, said jsonb, begun_on date, begun_at timestamptz, ended_on date, ending jsonb)
language sql stable as $$
with move as (
    select
        one ->> 'key' as key,
        (one -> 'begins')::boolean as begins,
        (one ->> 'on')::date as "on",
        (one ->> 'first')::timestamptz as first,
        (one ->> 'recorded_at')::timestamptz as recorded_at,
        one -> 'said' as said,
        place
    from jsonb_array_elements(moves) with ordinality as given (one, place)
),
-- Of one day, what was first on record comes first: a correction of a beginning must not come after the end. But an end
-- that was reported before all else is the end of what began on its day.
placed as (
    select
        *,
        row_number() over (
            partition by key
            order by "on", not (begins and nth = 1), first, place
        ) as step
    from (select *, row_number() over (partition by key, begins order by "on", first, place) as nth from move) as counted
),
-- The times of each thing, by number; what comes before any beginning has number 0.
course as (
    select
        *,
        count(*) filter (where opens) over (partition by key order by step) as time,
        max(first) filter (where not begins) over (partition by key order by step) as end_before
    from (
        select *, begins and not coalesce(lag(begins) over (partition by key order by step), false) as opens
        from placed
    ) as told
),
latest as (select *, max(time) over (partition by key) as last_time from course),
folded as (
    select
        key,
        (array_agg(said order by step desc) filter (where begins))[1] as said,
        min("on") filter (where opens) as opened_on,
        -- What was on record before the end of the time before did not begin this time.
        min(case when first <= end_before then recorded_at else first end) filter (where opens) as begun_at,
        (array_agg("on" order by step) filter (where not begins))[1] as ended_on,
        (array_agg(said order by step) filter (where not begins))[1] as ending
    from latest
    where time = last_time
    group by key
)
-- Nothing began later than it was known.
select
    key, said, least(opened_on, (begun_at at time zone 'Asia/Shanghai')::date) as begun_on, begun_at, ended_on, ending
from folded
$$;

-- Anomalies of the same moves: the last end of each thing that has no beginning.
create function ledger.ended_unbegun(moves jsonb, code text, sentence text) returns jsonb language sql stable as $$
select coalesce(jsonb_agg(anomaly order by key collate "C"), '[]')
from (
    select distinct on (key)
        key,
        jsonb_build_object(
            'code', code, 'source', one -> 'source', 'event', one -> 'id', 'text', format(sentence, one ->> 'on', key)
        ) as anomaly
    from jsonb_array_elements(moves) with ordinality as given (one, place) cross join lateral (select one ->> 'key' as key)
    where not (one -> 'begins')::boolean and not exists (
        select from jsonb_array_elements(moves) as other
        where other ->> 'key' = one ->> 'key' and (other -> 'begins')::boolean
    )
    order by key, place desc
) as of_each
$$;

-- Anomalies of steps {event, source, id, on, origin} of one kind: those before a day, or all while the day has not come.
-- As it stands in a FROM, the planner puts its text in place of the call, which would cost more than all the rest.
create function ledger.before(steps jsonb, step text, day date, code text, sentence text)
returns table (place bigint, anomaly jsonb) language sql stable as $$
select
    place,
    jsonb_build_object(
        'code', code, 'source', one -> 'source', 'event', one -> 'id', 'text', format(sentence, one ->> 'on'))
from jsonb_array_elements(steps) with ordinality as given (one, place)
where one ->> 'event' = step and ((one ->> 'on')::date >= day) is not true
$$;

-- Anomalies of the same steps that fall into a phase. On the very day on which a phase begins or ends, a step may have
-- come before or after it.
create function ledger.during(steps jsonb, phases jsonb, phase text, code text, sentence text)
returns table (place bigint, anomaly jsonb) language sql stable as $$
select
    place,
    jsonb_build_object(
        'code', code, 'source', one -> 'source', 'event', one -> 'id',
        'text', format(sentence, one ->> 'on', period."from"))
from jsonb_array_elements(steps) with ordinality as given (one, place)
join ledger.periods(phases) as period
    on (one ->> 'on')::date > period."from" and (period.until is null or (one ->> 'on')::date < period.until)
where period.phase = during.phase
$$;

-- `facts` is JSON: part of the message, and of the row only by its hash.
create function ledger.project_as_of(districts text[], projects text[], instant timestamptz)
returns table (record ledger.project, facts text)
-- Dates and instants are printed into the record: their form must not follow the session's settings. And no fold runs long
-- enough to be worth compiling.
language sql stable set timezone to 'UTC' set datestyle to 'ISO' set jit to off as $$
with folded as (
    select key.district, key.subject, fold.*
    from (select distinct district, subject from unnest(districts, projects) as asked (district, subject)) as key
    -- Asked once a project, since most have none.
    cross join lateral (
        select exists (
            select from ledger.event as later
            where later.district = key.district and later.subject = key.subject and later.replaces is not null
        ) or exists (
            select from ledger.event as later
            where later.district = key.district and later.subject = key.subject and later.voids is not null
        ) as some
        offset 0
    ) as corrections
    cross join lateral (
        select
            count(*)::integer as revision,
            sha256(string_agg(digest, ''::bytea order by recorded_at, source, id)) as digest,
            bool_or(name not in ('voided', 'outreach-made', 'target-set')) as is_project,
            -- What the project's own notifier says of it is no news of the project.
            max(recorded_at) filter (where name not like 'escalation-%') as last_recorded_at,
            bool_or(kind = 'intent-signed') as intent_signed,
            min("on") filter (where contract) as signed_on,
            min("on") filter (where kind = 'site-fixed') as site_fixed_on,
            min("on") filter (where kind = 'planned') as planned_on,
            min("on") filter (where kind = 'started') as started_on,
            min("on") filter (where kind = 'completed') as completed_on,
            min("on") filter (where kind = 'commissioned') as commissioned_on,
            min("on") filter (where kind = 'at-capacity') as at_capacity_on,
            min("on") filter (where kind = 'funds-arrived') as first_funds_on,
            -- The first contract counts whole; later ones are the same investment, and only a supplement adds to it.
            (array_agg(amount order by "on", recorded_at, source, id) filter (where contract))[1] as first_contract,
            sum(amount) filter (where kind = 'signed' and said = '"supplement"') as supplements,
            sum(amount) filter (where kind = 'funds-arrived') as funds_arrived,
            -- Postgres takes the order of the rows as it is when all that an aggregate is given are columns; else it
            -- sorts for each aggregate again.
            jsonb_object_agg(name, said order by "on", recorded_at, source, id)
                filter (where kind in ('registered', 'evaluated', 'approved')) as latest,
            jsonb_agg(said order by "on", recorded_at, source, id) filter (where kind = 'claimed') as leads,
            ledger.merged(said order by "on", recorded_at, source, id)
                filter (where kind = 'timetable-set') as due,
            ledger.merged(said order by "on", recorded_at, source, id) filter (where kind = 'reviewed') as gates,
            jsonb_agg(said order by "on", recorded_at, source, id) filter (where kind = 'reviewed') as reviews,
            jsonb_agg(said order by "on", recorded_at, source, id)
                filter (where kind = 'progress-reported') as progress,
            jsonb_agg(said order by "on", recorded_at, source, id)
                filter (where kind in ('suspended', 'resumed', 'terminated')) as phases,
            jsonb_agg(said order by "on", recorded_at, source, id)
                filter (where kind in ('issue-raised', 'issue-resolved')) as issues,
            jsonb_agg(said order by "on", recorded_at, source, id)
                filter (where kind in ('pledge-made', 'pledge-kept')) as pledges,
            jsonb_object_agg("case", said order by "on", recorded_at, source, id)
                filter (where kind like 'escalation-%') as escalations,
            string_agg(fact, ',' order by "on", recorded_at, source, id) as facts,
            string_agg(step, ',' order by "on", recorded_at, source, id) as steps,
            jsonb_agg(misdated order by "on", recorded_at, source, id) filter (where misdated is not null) as misdated,
            jsonb_agg(replacing order by "on", recorded_at, source, id)
                filter (where replacing is not null) as replacing,
            jsonb_agg(voiding order by "on", recorded_at, source, id) filter (where voiding is not null) as voiding
        from (
            select
                *,
                -- The name of an event that counts.
                case when superseded_at is null then name end as kind,
                superseded_at is null and name = 'signed' and data ->> 'kind' = 'contract' as contract,
                case when name in ('signed', 'funds-arrived') then (data ->> 'amount')::numeric end as amount,
                -- What the event says, as the record shows it.
                case
                    when name = 'funds-arrived' then null
                    when name in ('registered', 'evaluated') then data
                    when name = 'claimed' then jsonb_build_object(
                        'from', "on", 'lead_official', data -> 'lead_official', 'lead_unit', data -> 'lead_unit',
                        'command_office', data -> 'command_office')
                    when name = 'timetable-set' then data -> 'milestones'
                    when name = 'signed' then data -> 'kind'
                    when name = 'approved' then jsonb_build_object('on', "on", 'minutes', data -> 'minutes')
                    when name = 'reviewed' then jsonb_build_object(data ->> 'gate', jsonb_build_object(
                        'outcome', data -> 'outcome', 'on', "on", 'opinion', data -> 'opinion', 'sha256', data -> 'sha256'))
                    when name = 'progress-reported' then jsonb_build_object(
                        'on', "on", 'phrase', data -> 'phrase', 'quantity', data -> 'quantity',
                        'source', source, 'id', id)
                    when name in ('suspended', 'resumed', 'terminated') then
                        jsonb_build_array("on", name, data -> 'reason')
                    when name in ('issue-raised', 'issue-resolved', 'pledge-made', 'pledge-kept') then jsonb_build_object(
                        'key', coalesce(data -> 'issue', data -> 'pledge'), 'begins', name in ('issue-raised', 'pledge-made'),
                        'on', "on", 'recorded_at', recorded_at, 'first', case
                            when replaces is null then recorded_at
                            else ledger.first_recorded_at(
                                district, subject, source, name, replaces, recorded_at, instant)
                        end,
                        'source', source, 'id', id, 'said', data - array['on', 'issue', 'pledge', 'note'])
                    when name like 'escalation-%' then jsonb_build_object(
                        'case', data -> 'case', 'rule', data -> 'rule', 'rung', data -> 'rung',
                        'state', substr(name, length('escalation-') + 1), 'who', data -> 'who', 'on', "on")
                end as said,
                case when name like 'escalation-%' then data ->> 'case' end as "case",
                case when name in (
                    'registered', 'claimed', 'intent-signed', 'signed', 'site-fixed', 'planned', 'started', 'completed',
                    'commissioned', 'at-capacity', 'suspended', 'resumed', 'terminated', 'funds-arrived'
                ) then
                    head || ',"recorded_at":' || to_json(recorded_at) || case
                        when superseded_at is null then ',"superseded_at":null,"superseded_by":null'
                        else ',"superseded_at":' || to_json(superseded_at) || ',"superseded_by":' || (
                            select to_json(min(later.id)) from ledger.event as later
                            where (later.district, later.subject) = (known.district, known.subject)
                                and later.source = known.source and known.id in (later.replaces, later.voids)
                                and later.recorded_at = known.superseded_at
                        )
                    end || ',"data":' || data || '}'
                end as fact,
                -- What may turn out to be out of rule.
                case when superseded_at is null and name in (
                    'intent-signed', 'signed', 'site-fixed', 'planned', 'started', 'completed', 'commissioned',
                    'at-capacity', 'funds-arrived'
                ) then
                    head || ',"origin":' || coalesce((data -> 'origin')::text, 'null') || '}'
                end as step,
                -- The day in UTC is never later than that in Shanghai, and is found at once: nearly all end with it.
                case when superseded_at is null and "on" > recorded_at::date
                    and "on" > (recorded_at at time zone 'Asia/Shanghai')::date
                    then jsonb_build_array("on", source, id) end as misdated,
                case when replaces is not null and superseded_at is null then
                    jsonb_build_array(source, id, replaces, recorded_at) end as replacing,
                case when voids is not null and superseded_at is null then
                    jsonb_build_array(source, id, voids, recorded_at) end as voiding
            from (
                -- A correction reaches only events of its own source and project, and counts from its own recording on.
                select event.*, case when corrections.some then least(
                    (
                        select min(later.recorded_at) from ledger.event as later
                        where (later.district, later.subject) = (event.district, event.subject)
                            and later.source = event.source and later.replaces = event.id and later.recorded_at <= instant
                    ),
                    (
                        select min(later.recorded_at) from ledger.event as later
                        where (later.district, later.subject) = (event.district, event.subject)
                            and later.source = event.source and later.voids = event.id and later.recorded_at <= instant
                    )
                ) end as superseded_at,
                -- JSON by concatenation: built from values it costs seven times as much, and it is most of the work. Of
                -- what must be escaped, an id may have these two characters only.
                '{"event":"' || name || '","source":"' || source
                    || '","id":"' || replace(replace(id, '\', '\\'), '"', '\"') || '","on":"' || "on" || '"' as head
                from ledger.event
                where event.district = key.district and event.subject = key.subject and event.recorded_at <= instant
                -- The index returns them so. Here and below, the order also has it computed once for each event, and not
                -- once for each place that asks.
                order by "on", recorded_at, source, id
            ) as known
            order by "on", recorded_at, source, id
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
        ('[' || steps || ']')::jsonb as all_steps,
        '[' || coalesce(facts, '') || ']' as all_facts,
        case
            when at_capacity_on is not null then 'at-capacity'
            when commissioned_on is not null then 'commissioned'
            when completed_on is not null then 'completed'
            when started_on is not null then 'started'
            when planned_on is not null then 'planned'
            when site_fixed_on is not null then 'site-fixed'
            when signed_on is not null then 'signed'
            when latest ? 'approved' then 'approved'
            when intent_signed then 'intent-signed'
            when leads is not null or latest ? 'evaluated' then 'negotiating'
            else 'reserved'
        end as reached
    from folded
    where is_project
)
select
    row(
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
        ('{' || concat_ws(',',
            ledger.milestone('site-fixed', due, site_fixed_on), ledger.milestone('planned', due, planned_on),
            ledger.milestone('signed', due, signed_on), ledger.milestone('started', due, started_on),
            ledger.milestone('completed', due, completed_on), ledger.milestone('commissioned', due, commissioned_on)
        ) || '}')::jsonb,
        coalesce(gates, '{}'),
        latest -> 'evaluated' -> 'factors',
        contract_amount,
        coalesce(funds_arrived, 0),
        case when issues is null then '{}' else (
            select jsonb_object_agg(key, coalesce(said, '{}') || jsonb_build_object(
                'raised_on', begun_on, 'raised_at', begun_at, 'resolved_on', ended_on, 'resolution', ending -> 'text'))
            from ledger.courses(issues)
        ) end,
        case when pledges is null then '{}' else (
            select jsonb_object_agg(key, coalesce(said, '{}') || jsonb_build_object(
                'made_on', begun_on, 'kept_on', ended_on, 'kept_clause', ending -> 'clause', 'kept_amount', ending -> 'amount'))
            from ledger.courses(pledges)
        ) end,
        case when misdated is null then '[]' else ledger.misdated(misdated) end
            || case when replacing is null and voiding is null then '[]' else ledger.astray(
                district, subject, coalesce(replacing, '[]') || coalesce(voiding, '[]'), '本项目', instant
            ) end
            || case
                when signed_on is null or (
                    -- What was reviewed again afterwards had been reviewed before.
                    select jsonb_object_agg(gate, review -> 'outcome' order by place)
                    from
                        jsonb_array_elements(reviews) with ordinality as given (one, place),
                        jsonb_each(one) as said (gate, review)
                    where (review ->> 'on')::date <= signed_on
                ) @> '{"preliminary": "passed", "industry": "passed", "legal": "passed"}' then '[]'
                else jsonb_build_array(jsonb_build_object('code', 'signed-before-gates', 'source', null, 'event', null,
                    'text', format('%s 签约时三项审查尚未全部通过', signed_on)))
            end
            || case when started_on is null or started_on >= signed_on then '[]' else (
                select jsonb_agg(anomaly order by place)
                from ledger.before(all_steps, 'started', signed_on, 'started-before-signed', '%s 开工时尚未签订正式合同')
            ) end
            || case when completed_on is null or completed_on >= started_on then '[]' else (
                select jsonb_agg(anomaly order by place)
                from ledger.before(all_steps, 'completed', started_on, 'completed-before-started', '%s 竣工时尚未开工')
            ) end
            || case when commissioned_on is null or commissioned_on >= completed_on then '[]' else (
                select jsonb_agg(anomaly order by place)
                from ledger.before(all_steps, 'commissioned', completed_on, 'commissioned-before-completed', '%s 投产时尚未竣工')
            ) end
            || case when at_capacity_on is null or at_capacity_on >= commissioned_on then '[]' else (
                select jsonb_agg(anomaly order by place)
                from ledger.before(all_steps, 'at-capacity', commissioned_on, 'capacity-before-commissioned', '%s 达产时尚未投产')
            ) end
            || case when first_funds_on is null or first_funds_on >= signed_on then '[]' else (
                select jsonb_agg(anomaly order by place)
                from ledger.before(all_steps, 'funds-arrived', signed_on, 'funds-before-signing', '%s 资金到位时尚未签订正式合同')
            ) end
            || case when registered #>> '{investor,origin}' is distinct from district then '[]' else (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'code', 'local-money-as-outside', 'source', one -> 'source', 'event', one -> 'id',
                    'text', format('%s 到位资金按区外来源报送，但投资方注册地在本区', one ->> 'on')) order by place), '[]')
                from jsonb_array_elements(all_steps) with ordinality as given (one, place)
                where one ->> 'event' = 'funds-arrived' and one ->> 'origin' <> district
            ) end
            || case when phases is null then '[]' else (
                select coalesce(jsonb_agg(anomaly order by place), '[]')
                from ledger.during(all_steps, phases, 'suspended', 'while-suspended', '%s 报送的进展在项目暂停期间（%s 起）')
                -- Nothing forbids money to come while the work rests.
                where all_steps -> (place - 1)::integer ->> 'event' <> 'funds-arrived'
            ) || (
                select coalesce(jsonb_agg(anomaly order by place), '[]')
                from ledger.during(all_steps, phases, 'terminated', 'after-termination', '%s 报送的进展在项目终止（%s）之后')
            ) end
            || case
                when funds_arrived > contract_amount and first_contract is not null then
                    jsonb_build_array(jsonb_build_object('code', 'funds-beyond-contract', 'source', null, 'event', null,
                        'text', format('到位资金 %s 元超过合同金额 %s 元', funds_arrived, contract_amount)))
                else '[]'
            end
            || case when issues is null then '[]' else
                ledger.ended_unbegun(issues, 'resolved-not-raised', '%s 办结的问题 %s 此前未提出') end
            || case when pledges is null then '[]' else
                ledger.ended_unbegun(pledges, 'kept-not-made', '%s 兑现的承诺 %s 此前未作出') end,
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
            select jsonb_agg(escalation order by name collate "C")
            from jsonb_each(escalations) as each_case (name, escalation)
        ) end,
        hashtextextended(all_facts, 0),
        latest -> 'approved',
        (latest -> 'evaluated' ->> 'on')::date
    )::ledger.project,
    all_facts
from named
$$;

-- The record as it is published: money as decimal strings, the digest in hex, instants with their offset from UTC. Most of
-- it is JSON text already, and is put in as it is: building JSON from its values costs twice as much.
create function ledger.project_message(project ledger.project, facts text) returns text language sql stable as $$
select concat(
    '{"district":"', project.district,
    '","project":"', project.project,
    '","revision":', project.revision,
    ',"digest":"', encode(project.digest, 'hex'),
    '","last_recorded_at":', coalesce(
        '"' || (to_json(project.last_recorded_at at time zone 'UTC') #>> '{}') || '+00:00"', 'null'),
    ',"name":', coalesce(to_json(project.name)::text, 'null'),
    ',"stage":"', project.stage,
    '","reached":"', project.reached,
    '","lead_official":', coalesce(to_json(project.lead_official)::text, 'null'),
    ',"lead_unit":', coalesce(to_json(project.lead_unit)::text, 'null'),
    ',"command_office":', coalesce(to_json(project.command_office)::text, 'null'),
    ',"leads":', project.leads,
    ',"industry":', coalesce(to_json(project.industry)::text, 'null'),
    ',"cluster":', coalesce(to_json(project.cluster)::text, 'null'),
    ',"channel":', coalesce(to_json(project.channel)::text, 'null'),
    ',"investor":', coalesce(project.investor, 'null'),
    ',"planned_amount":', coalesce('"' || project.planned_amount || '"', 'null'),
    ',"milestones":', project.milestones,
    ',"suspensions":', project.suspensions,
    ',"gates":', project.gates,
    ',"evaluation":', coalesce(project.evaluation, 'null'),
    ',"evaluated_on":', coalesce('"' || project.evaluated_on || '"', 'null'),
    ',"approval":', coalesce(project.approval, 'null'),
    ',"contract_amount":', coalesce('"' || project.contract_amount || '"', 'null'),
    ',"funds_arrived":"', project.funds_arrived,
    '","progress":', project.progress,
    ',"issues":', project.issues,
    ',"pledges":', project.pledges,
    ',"escalations":', project.escalations,
    ',"anomalies":', project.anomalies,
    ',"facts":', facts,
    '}')
$$;
