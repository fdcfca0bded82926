-- name: make
-- Three tables of the plainest kind, with the ledger's own key on the archive.
create schema peer
    create table event (
        district text collate "C" not null,
        source text collate "C" not null,
        id text collate "C" not null,
        subject text collate "C" not null,
        type text collate "C" not null,
        "on" date not null,
        stream_sequence bigint not null,
        "time" timestamptz not null,
        data jsonb not null,
        primary key (district, source, id)
    )
    create table project (
        project text collate "C" primary key,
        events integer not null,
        contract_amount numeric(18, 2) not null,
        funds_arrived numeric(18, 2) not null,
        last_on date not null
    )
    create table month (
        month date primary key,
        events integer not null,
        funds_arrived numeric(18, 2) not null
    );
