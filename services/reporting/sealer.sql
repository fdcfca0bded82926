-- name: alone
-- Two who seal for one district at once would take the same number; held until the transaction ends.
select pg_advisory_xact_lock(hashtextextended('#seal ' || $1::text, 0));

-- name: known_district
-- Whether any record of this district has arrived.
select exists (select from reporting.project where district = $1)
    or exists (select from reporting.target_fact where district = $1);

-- name: lacking
-- What has arrived of this district and is not counted: parked at the ledger, or not readable here.
select
    coalesce((select parked from reporting.quarantine where district = $1), 0) as parked,
    (select count(*) from reporting.unread where district = $1 or district is null) as unread;

-- name: of_month
-- The bulletins of the month in which a day lies.
select number from reporting.bulletin
where district = $1 and date_trunc('month', through) = date_trunc('month', $2::date)
order by known_by;

-- name: previous
-- The bulletin sealed last.
select document from reporting.bulletin where district = $1 order by known_by desc limit 1;

-- name: facts
-- What is known at an instant of some events, happened by a day; how a project was registered last, whenever.
select f.project, reporting.named($1, f.project, $4::timestamptz) as name,
       f.event, f.source, f.id, f.happened_on as "on", f.recorded_at, f.data
from reporting.fact f
where f.district = $1 and f.event = any ($2::text[])
  and (f.happened_on <= $3::date or f.event = 'registered')
  and f.recorded_at <= $4::timestamptz and (f.superseded_at is null or f.superseded_at > $4);

-- name: corrections
-- The events because of which facts no longer count; what takes a fact's place and is none itself has voided it. Id and
-- event are null where the ledger did not say.
select gone.source, gone.id, gone.superseded_at as recorded_at, gone.superseded_by as by,
    case when gone.superseded_by is not null then coalesce(instead.event, 'voided') end as event
from reporting.fact gone
left join reporting.fact instead
    on instead.district = gone.district and instead.project = gone.project
    and instead.source = gone.source and instead.id = gone.superseded_by
where gone.district = $1 and (gone.source, gone.id) in (select * from unnest($2::text[], $3::text[]))
  and gone.superseded_at is not null;

-- name: targets
-- The values of a year's targets that are known at an instant.
select indicator, value, issued_by, happened_on as "on", recorded_at, source, id
from reporting.target_fact
where district = $1 and year = $2
  and recorded_at <= $3::timestamptz and (superseded_at is null or superseded_at > $3);

-- name: projects
-- How each project stood at the end of a day, as the wall chart shows it, with its issues and what was said of it.
select s.project, s.name, s.cluster, s.stage, s.lead_unit, s.lead_official, s.contract_amount, s.milestones,
    coalesce(p.record -> 'issues', '{}') as issues,
    coalesce(p.record -> 'progress', '[]') as progress
from reporting.standing($1::text, $2::date, $3::timestamptz) s
join reporting.project p on p.district = $1 and p.project = s.project
order by s.project collate "C";

-- name: insert
-- Once for ever.
insert into reporting.bulletin (district, number, through, known_by, root, document) values ($1, $2, $3, $4, $5, $6);

-- name: all
-- Every bulletin of a district, to see whether the stream holds it too.
select number, document from reporting.bulletin where district = $1 order by known_by;
