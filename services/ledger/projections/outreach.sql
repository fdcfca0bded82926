-- What each trip was: one text for the live fold, the rebuild and any past instant.

drop function if exists ledger.outreach_as_of(text[], text[], timestamptz);
drop function if exists ledger.outreach_message(ledger.outreach, jsonb);

-- A subject is a trip's when an `outreach-made` was recorded for it; any other gives no row.
create function ledger.outreach_as_of(districts text[], subjects text[], instant timestamptz)
returns table (record ledger.outreach, facts jsonb)
-- Dates and instants are printed into the record: their form must not follow the session's settings.
language sql stable set timezone to 'UTC' set datestyle to 'ISO' as $$
with
key as materialized (
    select distinct district, subject from unnest(districts, subjects) as asked (district, subject)
    where exists (
        select from ledger.event
        where event.district = asked.district and event.subject = asked.subject and event.name = 'outreach-made'
    )
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
        (array_agg(data order by "on" desc, recorded_at desc, source desc, id desc)
            filter (where name = 'outreach-made' and superseded_at is null))[1] as latest,
        jsonb_agg(
            jsonb_build_object(
                'event', name, 'source', source, 'id', id, 'on', "on", 'recorded_at', recorded_at,
                'superseded_at', superseded_at, 'superseded_by', superseded_by, 'data', data)
            order by "on", recorded_at, source, id) filter (where name = 'outreach-made') as facts,
        jsonb_agg(jsonb_build_array("on", source, id) order by "on", recorded_at, source, id)
            filter (where name in ('outreach-made', 'voided') and superseded_at is null
                and "on" > (recorded_at at time zone 'Asia/Shanghai')::date) as misdated,
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
        subject,
        revision,
        digest,
        (latest ->> 'on')::date,
        latest ->> 'city',
        latest ->> 'led_by',
        coalesce(latest -> 'met', '[]'),
        coalesce(latest -> 'projects', '[]'),
        hashtextextended(facts::text, 0),
        ledger.misdated(misdated) || ledger.astray(
            district, subject, coalesce(replacing, '[]') || coalesce(voiding, '[]'), '本次外出招商', instant)
    )::ledger.outreach,
    facts
from folded
where facts is not null
$$;

-- The trip as it is published: the digest in hex.
create function ledger.outreach_message(trip ledger.outreach, facts jsonb) returns text language sql stable as $$
select (to_jsonb(trip) - 'facts_hash' || jsonb_build_object('digest', encode(trip.digest, 'hex'), 'facts', facts))::text
$$;
