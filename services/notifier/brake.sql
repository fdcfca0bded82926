-- name: installation
-- What was known of it when something last ran, and which database this is.
select
    database, last_tick, paused_at, paused_why, judged,
    (select system_identifier from pg_control_system())::text || '/' ||
        (select oid from pg_database where datname = current_database())::text as this_database
from notifier.installation;

-- name: announced
-- Whether this database made it.
select exists (select from notifier.announcement where id = $1);

-- name: pause
-- The first reason stays: what follows from it would hide it.
update notifier.installation
set paused_at = coalesce(paused_at, $1), paused_why = coalesce(paused_why, $2), judged = coalesce($3, judged);

-- name: adopt
-- This is the database from now on.
update notifier.installation set database = $1;

-- name: tick
-- Something runs. What the row said before tells whether it is the row that we wrote.
with before as (select last_tick from notifier.installation for update)
update notifier.installation
set last_tick = greatest(installation.last_tick, $1)
from before
returning before.last_tick;

-- name: resume
-- An operator says that sending may go on.
update notifier.installation set paused_at = null, paused_why = null, last_tick = greatest(last_tick, $1);

-- name: discard
-- What waited is not sent; whether somebody else sent it, nobody knows.
with dropped as (
    update notifier.message
    set state = 'uncertain', code = 'discarded', said = 'an operator resumed sending without what waited'
    where state in ('waiting', 'sending')
    returning id
), told as (
    update notifier.delivery
    set state = 'uncertain', reason = 'discarded'
    where state = 'waiting' or (state = 'placed' and message_id in (select id from dropped))
)
select count(*) from dropped;
