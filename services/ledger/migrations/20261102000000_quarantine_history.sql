-- migrate:up

-- What people did about refused messages, for ever: a message may be discarded, and recorded after all a year later.
-- No foreign key: an entry is written only from a row of ledger.quarantine, and such rows are never deleted.
create table ledger.quarantine_history (
    entry bigint generated always as identity primary key,
    stream_sequence bigint not null,
    recorded_at timestamptz not null,
    done_at timestamptz not null default now(),
    done_by text not null,
    did text not null check (did in ('retried', 'refused', 'discarded')),
    -- Why it was discarded, or why it was refused once more: then with the code, and the field where one is wrong.
    reason text,
    code text,
    field text,
    check (did <> 'discarded' or reason is not null),
    check ((did = 'refused') = (code is not null))
);

create index quarantine_history_of_message on ledger.quarantine_history (stream_sequence, recorded_at, entry);

create function ledger.refuse_forgetting() returns trigger language plpgsql as $$
begin
    raise exception '% keeps everything: a refused message is closed, never changed or deleted', tg_table_name;
end
$$;

create trigger append_only before update or delete or truncate on ledger.quarantine_history
    for each statement execute function ledger.refuse_forgetting();

create trigger kept_whole before delete or update of
    stream_sequence, recorded_at, subject, district, unit, source, event_id, code, reason, field, raw
    on ledger.quarantine
    for each statement execute function ledger.refuse_forgetting();

alter table ledger.quarantine add constraint quarantine_closed_as check (closed_as in ('retried', 'discarded'));

create index quarantine_in_order on ledger.quarantine (recorded_at, stream_sequence);

-- Refused messages as they stand: with the latest reason against them, and who closed them. Without their bytes.
create view ledger.parked as
select
    message.stream_sequence,
    message.recorded_at,
    message.subject,
    message.district,
    message.unit,
    message.source,
    message.event_id,
    coalesce(again.code, message.code) as code,
    coalesce(again.reason, message.reason) as reason,
    case when again.code is null then message.field else again.field end as field,
    message.closed_at,
    message.closed_as,
    closing.done_by as closed_by,
    closing.reason as closed_because
from ledger.quarantine as message
left join lateral (
    select code, reason, field
    from ledger.quarantine_history as entry
    where
        entry.stream_sequence = message.stream_sequence
        and entry.recorded_at = message.recorded_at
        and entry.did = 'refused'
    order by entry.entry desc
    limit 1
) as again on true
left join lateral (
    select done_by, reason
    from ledger.quarantine_history as entry
    where
        entry.stream_sequence = message.stream_sequence
        and entry.recorded_at = message.recorded_at
        and entry.did <> 'refused'
    order by entry.entry desc
    limit 1
) as closing on true;

-- migrate:down
drop view ledger.parked;
drop index ledger.quarantine_in_order;
alter table ledger.quarantine drop constraint quarantine_closed_as;
drop trigger kept_whole on ledger.quarantine;
drop table ledger.quarantine_history;
drop function ledger.refuse_forgetting();
