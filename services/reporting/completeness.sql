-- name: gaps
-- What this district's figures lack although it has arrived: parked at the ledger, or not readable here.
select
    coalesce((select parked from reporting.quarantine where district = $1), 0) as parked,
    (select count(*) from reporting.unread where district = $1 or district is null) as unread;
