-- name: listed_now
-- A page of the projects, in an order that a cursor can take up again: by rank downwards, then by word, then by id.
select *
from (
    select p.*, (m.missed ->> 'due')::date as due, m.missed ->> 'milestone' as milestone,
        case $9::text
            when 'contract_amount' then coalesce(p.contract_amount, -1)
            when 'funds_arrived' then p.funds_arrived
            when 'last_recorded_at' then coalesce(extract(epoch from p.last_recorded_at), 0)
            when 'overdue' then coalesce($2::date - (m.missed ->> 'due')::date, -1)
            else 0
        end as rank,
        case $9::text when 'name' then coalesce(p.name, '') else '' end collate "C" as word
    from reporting.standing_now($1::text) p
    cross join lateral (
        select (
            select jsonb_build_object('milestone', one.key, 'due', one.value ->> 'due')
            from jsonb_each(p.milestones) one
            where p.stage not in ('suspended', 'terminated') and (one.value ->> 'due')::date < $2::date
              and (one.value ->> 'on' is null or (one.value ->> 'on')::date > $2::date)
            order by (one.value ->> 'due')::date, one.key
            limit 1
        ) as missed
    ) m
    where ($3::text is null or p.stage = $3)
      and ($4::text is null or p.cluster = $4)
      and ($5::text is null or p.lead_unit = $5)
      and ($6::text is null or p.lead_official = $6)
      and ($7::text is null or strpos(lower(coalesce(p.name, '') || ' ' || p.project), lower($7)) > 0)
      and ($8::boolean is null or (m.missed is not null) = $8)
) one
where $10::numeric is null or rank < $10 or (rank = $10 and (word, project collate "C") > ($11::text collate "C", $12::text collate "C"))
order by rank desc, word, project collate "C"
limit $13;

-- name: listed
-- The same at the end of a day, as known at an instant.
select *
from (
    select p.*, (m.missed ->> 'due')::date as due, m.missed ->> 'milestone' as milestone,
        case $9::text
            when 'contract_amount' then coalesce(p.contract_amount, -1)
            when 'funds_arrived' then p.funds_arrived
            when 'last_recorded_at' then coalesce(extract(epoch from p.last_recorded_at), 0)
            when 'overdue' then coalesce($2::date - (m.missed ->> 'due')::date, -1)
            else 0
        end as rank,
        case $9::text when 'name' then coalesce(p.name, '') else '' end collate "C" as word
    from reporting.standing($1::text, $2::date, coalesce($14::timestamptz, 'infinity')) p
    cross join lateral (
        select (
            select jsonb_build_object('milestone', one.key, 'due', one.value ->> 'due')
            from jsonb_each(p.milestones) one
            where p.stage not in ('suspended', 'terminated') and (one.value ->> 'due')::date < $2::date
              and (one.value ->> 'on' is null or (one.value ->> 'on')::date > $2::date)
            order by (one.value ->> 'due')::date, one.key
            limit 1
        ) as missed
    ) m
    where ($3::text is null or p.stage = $3)
      and ($4::text is null or p.cluster = $4)
      and ($5::text is null or p.lead_unit = $5)
      and ($6::text is null or p.lead_official = $6)
      and ($7::text is null or strpos(lower(coalesce(p.name, '') || ' ' || p.project), lower($7)) > 0)
      and ($8::boolean is null or (m.missed is not null) = $8)
) one
where $10::numeric is null or rank < $10 or (rank = $10 and (word, project collate "C") > ($11::text collate "C", $12::text collate "C"))
order by rank desc, word, project collate "C"
limit $13;

-- name: project
-- The message of the ledger but its facts.
select name, stage, reached, record from reporting.project where district = $1 and project = $2;

-- name: facts
-- Everything that was said and may count, also what was replaced since.
select event, kind, source, id, happened_on, recorded_at, superseded_at, amount, origin, tier, nature, platform,
    platform_level, data
from reporting.fact
where district = $1 and project = $2
order by happened_on, recorded_at, source, id;
