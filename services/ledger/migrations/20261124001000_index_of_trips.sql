-- migrate:up

-- Is this subject a trip? Asked for every subject that a batch touches; nearly always no.
create index event_of_trip on ledger.event (district, subject) where name = 'outreach-made';

-- migrate:down
drop index ledger.event_of_trip;
