-- name: insert
-- One event.
insert into peer.event (district, source, id, subject, type, "on", stream_sequence, "time", data)
values (split_part($1, '/', 2), $1, $2, $3, $4, $5, $6, $7, $8::jsonb)
on conflict do nothing;

-- name: upsert_project
-- Adds one event to its project.
insert into peer.project as row (project, events, contract_amount, funds_arrived, last_on)
values ($1, 1, $2, $3, $4)
on conflict (project) do update set
    events = row.events + 1,
    contract_amount = row.contract_amount + excluded.contract_amount,
    funds_arrived = row.funds_arrived + excluded.funds_arrived,
    last_on = greatest(row.last_on, excluded.last_on);

-- name: upsert_month
-- Adds one event to its month.
insert into peer.month as row (month, events, funds_arrived)
values ($1, 1, $2)
on conflict (month) do update set
    events = row.events + 1, funds_arrived = row.funds_arrived + excluded.funds_arrived;
