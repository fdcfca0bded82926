-- migrate:up

-- The newest announcement on the bus that this database never made, once it was noticed: it pauses sending once.
alter table notifier.installation add column judged text;

-- migrate:down

alter table notifier.installation drop column judged;
