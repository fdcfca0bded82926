-- name: keep_records
-- The highest revision wins; of two with the same revision the later message. Only what is new is returned.
insert into notifier.project as kept (district, project, revision, stream_sequence, record)
select district, project, revision, stream_sequence, record
from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::jsonb[])
    as arrived (district, project, revision, stream_sequence, record)
order by district, project
on conflict (district, project) do update set
    revision = excluded.revision,
    stream_sequence = excluded.stream_sequence,
    record = excluded.record
where (excluded.revision, excluded.stream_sequence) > (kept.revision, kept.stream_sequence)
returning district, project;
