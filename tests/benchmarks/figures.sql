-- name: put_facts
-- $1 projects of ten facts, spread over 22 months: registered, claimed, signed, and seven arrivals of funds, of which one
-- in 35 was withdrawn a month later. Each is recorded on the day after it happened.
insert into reporting.fact
    (district, project, source, id, event, happened_on, recorded_at, superseded_at, amount, origin, tier, kind, nature, data)
select '500101', 'A-' || p, '/500101/finance', p || '-' || n, event, happened_on, recorded_at,
    case when n = 10 and p % 5 = 0 then recorded_at + interval '30 days' end,
    amount, case when n > 3 then '440300' end,
    case when n > 3 then (array['outside-province', 'outside-city', 'local'])[1 + p % 3] end,
    case when n = 3 then 'contract' end, case when n > 3 then 'fixed-assets' end,
    jsonb_build_object(
        'on', happened_on, 'amount', amount, 'origin', '440300', 'nature', 'fixed-assets',
        'evidence', jsonb_build_object('kind', 'bank-slip', 'reference', 'JZ-' || p || '-' || n))
from generate_series(1, $1::integer) p
cross join generate_series(1, 10) n
cross join lateral (
    select (array['registered', 'claimed', 'signed'])[n] as step, date '2025-01-01' + (p * 7919::bigint % 600)::integer + n * 6
) day (step, happened_on)
cross join lateral (
    select coalesce(step, 'funds-arrived'),
        (happened_on + 1)::timestamp at time zone 'UTC' + make_interval(hours => p % 20),
        case when n = 3 then (p % 900 + 1) * 1000000.00 when n > 3 then (p % 900 + n) * 10000.00 end
) fact (event, recorded_at, amount);

-- name: put_projects
-- What the facts are of.
insert into reporting.project (district, project, name, stage, reached, funds_arrived, milestones, record)
select '500101', 'A-' || p, '新能源汽车电池结构件生产基地项目', 'signed', 'signed', 0, '{}', '{}'
from generate_series(1, $1::integer) p;

-- name: put_targets
-- Of both years.
insert into reporting.target_fact (district, year, indicator, source, id, happened_on, recorded_at, value, issued_by)
select '500101', year, indicator, '/500101/investment', 'T-' || year, make_date(year, 1, 5), make_date(year, 1, 5), 105, '市招商局'
from unnest(array[2025, 2026]) year
cross join unnest(array['funds-arrived', 'funds-outside-province', 'signed-major', 'platform-signings']) indicator;

-- name: put_pulse
insert into reporting.pulse (district, beat) values ('500101', 1);

-- name: count_rules
-- Of those whose sums are kept ready.
select count(*) from reporting.rule;

-- name: funds
-- What the first indicator must say at the end of 2026, from the facts themselves.
select sum(amount) from reporting.fact
where event = 'funds-arrived' and tier <> 'local' and superseded_at is null
  and happened_on between '2026-01-01' and '2026-12-31';
