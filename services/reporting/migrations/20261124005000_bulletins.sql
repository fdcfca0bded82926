-- migrate:up

-- Sealed bulletins, for ever. The document is kept as the very text whose digest is its root.
create table reporting.bulletin (
    district text not null,
    number text not null,
    through date not null,
    known_by timestamptz not null,
    root text not null,
    document text not null,
    primary key (district, number)
);
create index bulletin_by_sealing on reporting.bulletin (district, known_by desc);

create function reporting.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'a sealed bulletin never changes: what turned out otherwise is restated by the next one';
end
$$;

create trigger sealed before update or delete or truncate on reporting.bulletin
    for each statement execute function reporting.refuse_change();

-- migrate:down
drop table reporting.bulletin;
drop function reporting.refuse_change();
