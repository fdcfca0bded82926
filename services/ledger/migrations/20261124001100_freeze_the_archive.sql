-- migrate:up

-- An event never changes: the vacuum that first sees it freezes it, so that its page is written that once and never
-- again. Measured in docs/decisions/0007-archive.md, with what was not worth setting.
alter table ledger.event set (autovacuum_freeze_min_age = 0);

-- migrate:down
alter table ledger.event reset (autovacuum_freeze_min_age);
