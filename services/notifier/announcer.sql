-- name: announce
-- An event of the same id is the same event: whoever decides twice announces once.
insert into notifier.announcement (id, subject, payload, created_at)
select announced.*, $4::timestamptz
from unnest($1::text[], $2::text[], $3::jsonb[]) as announced
on conflict (id) do nothing;

-- name: unpublished
-- No lock: two notifiers that publish the same event publish one, since its id is the same.
select id, subject, payload
from notifier.announcement
where published_at is null
order by created_at, id
limit 500;

-- name: mark_published
-- After the stream has confirmed them.
update notifier.announcement set published_at = $2 where id = any($1::text[]);
