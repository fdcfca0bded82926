-- name: gaps
-- What each district's figures lack although it has arrived: parked at the ledger, or not readable here.
select pulse.district, pulse.beat, coalesce(quarantine.parked, 0) as parked,
    (select count(*) from reporting.unread where unread.district = pulse.district or unread.district is null) as unread
from reporting.pulse left join reporting.quarantine using (district)
order by pulse.district;
