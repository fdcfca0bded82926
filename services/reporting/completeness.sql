-- name: gaps
-- What this district's figures lack although it has arrived: parked at the ledger, or not readable here.
select
    coalesce((select parked from reporting.quarantine where district = $1), 0) as parked,
    (select count(*) from reporting.unread where district = $1 or district is null) as unread;

-- name: gaps_of_all
-- The same for every district.
select pulse.district, coalesce(quarantine.parked, 0) as parked,
    (select count(*) from reporting.unread where unread.district = pulse.district or unread.district is null) as unread
from reporting.pulse left join reporting.quarantine using (district)
order by pulse.district;
