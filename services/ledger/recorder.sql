-- name: insert_events
-- Of several events with one identity the first stored is kept; and of several copies of one event, the first stored is
-- kept even when it is delivered last, so that the order of delivery leaves no trace.
insert into ledger.event as event
    (district, source, id, subject, name, version, "on", recorded_at, stream_sequence, digest, "time", replaces, data)
select distinct on (district collate "C", source collate "C", id collate "C")
    district, source, id, subject, name, version, "on", recorded_at, stream_sequence, digest, "time", replaces, data::jsonb
from unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::date[], $8::timestamptz[],
    $9::bigint[], $10::bytea[], $11::timestamptz[], $12::text[], $13::text[]
) as arrived
    (district, source, id, subject, name, version, "on", recorded_at, stream_sequence, digest, "time", replaces, data)
order by district collate "C", source collate "C", id collate "C", recorded_at, stream_sequence
on conflict (district, source, id) do update
    set recorded_at = excluded.recorded_at, stream_sequence = excluded.stream_sequence
    where event.digest = excluded.digest
        and (excluded.recorded_at, excluded.stream_sequence) < (event.recorded_at, event.stream_sequence);

-- name: reused_identities
-- Positions (from 1) of the events whose identity the archive holds with other content.
select arrived.position
from unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
    with ordinality as arrived (district, source, id, digest, position)
join ledger.event using (district, source, id)
where event.digest <> arrived.digest;

-- name: limit
-- How long each statement of this transaction may take from now on. Not before: the archive may have to be waited for.
select set_config('statement_timeout', $1, true);

-- name: fold_projects
-- The records of the touched projects, folded afresh from all their events; and which of them are trips as well.
with folded as (
    select * from ledger.project_as_of($1::text[], $2::text[], 'infinity')
),
stored as (
    insert into ledger.project select (record).* from folded
    on conflict (district, project) do update set
        revision = excluded.revision,
        digest = excluded.digest,
        name = excluded.name,
        stage = excluded.stage,
        reached = excluded.reached,
        lead_official = excluded.lead_official,
        lead_unit = excluded.lead_unit,
        command_office = excluded.command_office,
        industry = excluded.industry,
        cluster = excluded.cluster,
        channel = excluded.channel,
        investor = excluded.investor,
        planned_amount = excluded.planned_amount,
        milestones = excluded.milestones,
        gates = excluded.gates,
        evaluation = excluded.evaluation,
        contract_amount = excluded.contract_amount,
        funds_arrived = excluded.funds_arrived,
        issues = excluded.issues,
        pledges = excluded.pledges,
        anomalies = excluded.anomalies,
        last_recorded_at = excluded.last_recorded_at,
        suspensions = excluded.suspensions,
        leads = excluded.leads,
        progress = excluded.progress,
        escalations = excluded.escalations,
        facts_hash = excluded.facts_hash,
        approval = excluded.approval,
        evaluated_on = excluded.evaluated_on
)
select
    (record).district, (record).project, convert_to(ledger.project_message(record, facts), 'UTF8') as message,
    exists (
        select from ledger.outreach
        where outreach.district = (record).district and outreach.trip = (record).project
    ) as is_trip
from folded;

-- name: fold_targets
-- The touched targets, folded afresh from all their events.
with folded as (
    select * from ledger.target_as_of($1::text[], $2::text[], 'infinity')
),
stored as (
    insert into ledger.target select (record).* from folded
    on conflict (district, year, indicator) do update set
        revision = excluded.revision,
        digest = excluded.digest,
        facts_hash = excluded.facts_hash,
        anomalies = excluded.anomalies
)
select
    (record).district, (record).year, (record).indicator,
    convert_to(ledger.target_message(record, facts), 'UTF8') as message
from folded;

-- name: fold_outreach
-- Of the touched subjects those that are trips, folded afresh from all their events.
with folded as (
    select * from ledger.outreach_as_of($1::text[], $2::text[], 'infinity')
),
stored as (
    insert into ledger.outreach select (record).* from folded
    on conflict (district, trip) do update set
        revision = excluded.revision,
        digest = excluded.digest,
        "on" = excluded."on",
        city = excluded.city,
        led_by = excluded.led_by,
        met = excluded.met,
        projects = excluded.projects,
        facts_hash = excluded.facts_hash,
        anomalies = excluded.anomalies
)
select (record).district, (record).trip, convert_to(ledger.outreach_message(record, facts), 'UTF8') as message
from folded;

-- name: park
-- A refused message is kept whole; the same message delivered again is the same row.
insert into ledger.quarantine
    (stream_sequence, recorded_at, subject, district, unit, source, event_id, code, reason, field, raw)
select *
from unnest(
    $1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::bytea[])
on conflict do nothing;

-- name: parked
-- How many messages of each district are parked; the revision grows with every row and every closing.
select
    district,
    count(*) filter (where closed_at is null)::integer as parked,
    (count(*) + count(closed_at))::integer as revision
from ledger.quarantine
where district = any ($1::text[])
group by district;
