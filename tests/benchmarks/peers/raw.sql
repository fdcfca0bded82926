-- name: insert
-- The whole batch by one statement.
insert into peer.event (district, source, id, subject, type, "on", stream_sequence, "time", data)
select split_part(source, '/', 2), source, id, subject, type, "on", stream_sequence, "time", data::jsonb
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::bigint[], $7::timestamptz[], $8::text[])
    as arrived (source, id, subject, type, "on", stream_sequence, "time", data)
on conflict do nothing;

-- name: upsert_projects
-- Adds what the batch said of each project, summed by the program.
insert into peer.project as row (project, events, contract_amount, funds_arrived, last_on)
select * from unnest($1::text[], $2::integer[], $3::numeric[], $4::numeric[], $5::date[])
on conflict (project) do update set
    events = row.events + excluded.events,
    contract_amount = row.contract_amount + excluded.contract_amount,
    funds_arrived = row.funds_arrived + excluded.funds_arrived,
    last_on = greatest(row.last_on, excluded.last_on);

-- name: upsert_months
-- Adds what the batch said of each month.
insert into peer.month as row (month, events, funds_arrived)
select * from unnest($1::date[], $2::integer[], $3::numeric[])
on conflict (month) do update set
    events = row.events + excluded.events,
    funds_arrived = row.funds_arrived + excluded.funds_arrived;
