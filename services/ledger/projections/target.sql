-- What each target is and was: one text for the live fold, the rebuild and any past instant.

drop function if exists ledger.target_as_of(text[], text[], timestamptz);
drop function if exists ledger.target_message(ledger.target, jsonb);

create function ledger.target_as_of(districts text[], subjects text[], instant timestamptz)
returns table (record ledger.target, facts jsonb)
-- Dates and instants are printed into the record: their form must not follow the session's settings.
language sql stable set timezone to 'UTC' set datestyle to 'ISO' as $$
with
key as materialized (
    select distinct district, subject from unnest(districts, subjects) as asked (district, subject)
    where subject like 'target-%'
),
recorded as materialized (
    select event.*
    from key join ledger.event using (district, subject)
    where event.recorded_at <= instant
),
correction as (
    select
        district, subject, source, corrected as id,
        min(recorded_at) as superseded_at,
        (array_agg(recorded.id order by recorded_at, recorded.id))[1] as superseded_by
    from recorded cross join lateral (values (replaces), (voids)) as pointer (corrected)
    where corrected is not null
    group by district, subject, source, corrected
),
folded as (
    select
        district,
        subject,
        count(*)::integer as revision,
        sha256(string_agg(digest, ''::bytea order by recorded_at, source, id)) as digest,
        coalesce(jsonb_agg(
            jsonb_build_object(
                'event', name, 'source', source, 'id', id, 'on', "on", 'recorded_at', recorded_at,
                'superseded_at', superseded_at, 'superseded_by', superseded_by, 'data', data)
            order by recorded_at, source, id) filter (where name = 'target-set'), '[]') as facts,
        jsonb_agg(jsonb_build_array("on", source, id) order by "on", recorded_at, source, id)
            filter (where superseded_at is null and "on" > (recorded_at at time zone 'Asia/Shanghai')::date) as misdated,
        jsonb_agg(jsonb_build_array(source, id, replaces, recorded_at) order by "on", recorded_at, source, id)
            filter (where replaces is not null and superseded_at is null) as replacing,
        jsonb_agg(jsonb_build_array(source, id, voids, recorded_at) order by "on", recorded_at, source, id)
            filter (where voids is not null and superseded_at is null) as voiding
    from recorded left join correction using (district, subject, source, id)
    group by district, subject
)
select
    row(
        district,
        split_part(subject, '-', 2)::integer,
        substring(subject from '^target-[0-9]+-(.*)$'),
        revision,
        digest,
        hashtextextended(facts::text, 0),
        ledger.misdated(misdated) || ledger.astray(
            district, subject, coalesce(replacing, '[]') || coalesce(voiding, '[]'), '本目标', instant)
    )::ledger.target,
    facts
from folded
$$;

-- The target as it is published: the digest in hex.
create function ledger.target_message(target ledger.target, facts jsonb) returns text language sql stable as $$
select (
    to_jsonb(target) - 'facts_hash' || jsonb_build_object('digest', encode(target.digest, 'hex'), 'facts', facts)
)::text
$$;
