-- migrate:up

alter table reporting.fact add superseded_by text collate "C";
comment on column reporting.fact.superseded_by is
    'id of the event, of the same source, that replaced or voided it; null while it counts, and from a ledger that did not say';

-- migrate:down
alter table reporting.fact drop superseded_by;
