-- migrate:up

-- The facts are most of a record, and nobody reads them here: the fold puts them into what is published, and a row keeps
-- their hash, by which a rebuild and a verification see that they changed. Measured in docs/decisions/0007-archive.md.
-- Older folds return the rows that had them; `provision` makes them anew.
drop function if exists
    ledger.project_message(ledger.project), ledger.target_message(ledger.target), ledger.outreach_message(ledger.outreach),
    ledger.project_as_of(text[], text[], timestamptz), ledger.target_as_of(text[], text[], timestamptz),
    ledger.outreach_as_of(text[], text[], timestamptz);
alter table ledger.project drop column facts, add column facts_hash bigint not null default 0;
alter table ledger.target drop column facts, add column facts_hash bigint not null default 0;
alter table ledger.outreach drop column facts, add column facts_hash bigint not null default 0;

-- From here on only the fold fills them.
alter table ledger.project alter column facts_hash drop default;
alter table ledger.target alter column facts_hash drop default;
alter table ledger.outreach alter column facts_hash drop default;

-- migrate:down
alter table ledger.project drop column facts_hash, add column facts text not null default '[]';
alter table ledger.target drop column facts_hash, add column facts jsonb not null default '[]';
alter table ledger.outreach drop column facts_hash, add column facts jsonb not null default '[]';
