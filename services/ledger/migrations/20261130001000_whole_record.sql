-- migrate:up

-- Said by departments and missing from the records until now; rows that are there already are filled by a rebuild.
alter table ledger.project add column approval jsonb, add column evaluated_on date;
alter table ledger.outreach add column anomalies jsonb not null default '[]';
alter table ledger.target add column anomalies jsonb not null default '[]';

-- From here on only the fold fills them.
alter table ledger.outreach alter column anomalies drop default;
alter table ledger.target alter column anomalies drop default;

-- migrate:down
alter table ledger.project drop column approval, drop column evaluated_on;
alter table ledger.outreach drop column anomalies;
alter table ledger.target drop column anomalies;
