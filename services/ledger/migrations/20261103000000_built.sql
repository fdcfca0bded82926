-- migrate:up

-- With which folds the rows of the projections were built. No row: nobody knows, so they must be built anew.
create table ledger.built (
    only_row boolean primary key default true check (only_row),
    folds bytea not null,
    built_at timestamptz not null default now()
);

-- What a rebuild changed and has not published yet. Only rebuilds write here; a recorder publishes before it acknowledges.
create table ledger.unpublished (
    name text not null,
    district text collate "C" not null,
    subject text collate "C" not null,
    primary key (name, district, subject)
);

-- migrate:down
drop table ledger.unpublished, ledger.built;
