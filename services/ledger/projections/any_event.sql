-- What may be out of rule with any event, whatever it is about.

drop function if exists ledger.misdated(jsonb);
drop function if exists ledger.astray(text, text, jsonb, text, timestamptz);

-- Anomalies of events [on, source, id] whose day lies after that of their recording; null stands for none.
create function ledger.misdated(events jsonb) returns jsonb language sql stable as $$
select coalesce(jsonb_agg(
    jsonb_build_object(
        'code', 'date-in-future', 'source', one -> 1, 'event', one -> 2,
        'text', format('填报日期 %s 晚于报送日期', one ->> 0))
    order by place), '[]')
from jsonb_array_elements(events) with ordinality as given (one, place)
$$;

-- Anomalies of pointers [source, id, what it points at, recorded_at] of events that count, given in order: those at
-- nothing, and those at what another event had replaced or withdrawn before. `whose` names the kind of subject. An
-- event of another subject is not looked at: what a key's row says must follow from the events of that key.
create function ledger.astray(asked_district text, asked_subject text, pointers jsonb, whose text, instant timestamptz)
returns jsonb language sql stable as $$
with pointer as (
    select
        place,
        one ->> 0 as source,
        one ->> 1 as id,
        one ->> 2 as target,
        (one ->> 3)::timestamptz as recorded_at
    from jsonb_array_elements(pointers) with ordinality as given (one, place)
)
select coalesce(jsonb_agg(
    jsonb_build_object('code', code, 'source', source, 'event', id, 'text', text) order by code, place), '[]')
from (
    select
        place, source, id, 'corrects-nothing' as code,
        format('本单位在%s下没有报送过 %s，此项更正或作废没有生效，请核对编号', whose, target) as text
    from pointer
    where not exists (
        select from ledger.event as earlier
        where earlier.district = asked_district and earlier.source = pointer.source and earlier.id = pointer.target
            and earlier.subject = asked_subject and earlier.recorded_at <= instant
    )
    union all
    select
        place, pointer.source, pointer.id, 'corrected-twice' as code,
        format('报送 %s 此前已由 %s 更正或作废，本次再次更正或作废，请核对是否重复计入', target, other.id)
    from pointer
    cross join lateral (
        select id
        from (
            select id, recorded_at from ledger.event
            where district = asked_district and subject = asked_subject and event.source = pointer.source
                and replaces = target
            union all
            select id, recorded_at from ledger.event
            where district = asked_district and subject = asked_subject and event.source = pointer.source
                and voids = target
        ) as correction
        where (correction.recorded_at, correction.id) < (pointer.recorded_at, pointer.id) and not exists (
            -- What was withdrawn counts nowhere, nor does any event in its place.
            select from ledger.event as void
            where void.district = asked_district and void.subject = asked_subject and void.source = pointer.source
                and void.voids = correction.id and void.recorded_at <= instant
        )
        order by correction.recorded_at, correction.id
        limit 1
    ) as other
) as found
$$;
