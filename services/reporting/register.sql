-- name: listed
-- A page of the projects, in an order that a cursor can take up again: by rank downwards, then by word, then by id.
select *
from (
    select p.*, (m.missed ->> 'due')::date as due, m.missed ->> 'milestone' as milestone,
        case $11::text
            when 'contract_amount' then coalesce(p.contract_amount, -1)
            when 'funds_arrived' then p.funds_arrived
            when 'last_recorded_at' then coalesce(extract(epoch from p.last_recorded_at), 0)
            when 'overdue' then coalesce($2::date - (m.missed ->> 'due')::date, -1)
            else 0
        end as rank,
        case $11::text when 'name' then coalesce(p.name, '') else '' end collate "C" as word
    from reporting.standing_on($1::text, $2::date, $3::timestamptz, $4::boolean) p
    -- A value and no join: of most orders it is needed for the page's projects alone.
    cross join lateral (
        select (select to_jsonb(one) from reporting.missed(p.stage, p.milestones, $2::date) one) as missed
    ) m
    where ($5::text is null or p.stage = $5)
      and ($6::text is null or p.cluster = $6)
      and ($7::text is null or p.lead_unit = $7)
      and ($8::text is null or p.lead_official = $8)
      and ($9::text is null or strpos(lower(coalesce(p.name, '') || ' ' || p.project), lower($9)) > 0)
      and ($10::boolean is null or (m.missed is not null) = $10)
) one
where $12::numeric is null or rank < $12 or (rank = $12 and (word, project collate "C") > ($13::text collate "C", $14::text collate "C"))
order by rank desc, word, project collate "C"
limit $15;

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
