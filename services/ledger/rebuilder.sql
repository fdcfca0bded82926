-- name: alone
-- One rebuild at a time. The name is none that a project can have.
select pg_advisory_lock(hashtextextended('#rebuild', 0));

-- name: not_alone_any_more
-- The connection goes back to the pool.
select pg_advisory_unlock_all();

-- name: wait_briefly
-- For locks, so that nobody queues behind us for long. When we are killed, the server must not go on for nobody.
select set_config('lock_timeout', '3s', false), set_config('client_connection_check_interval', '1s', false);

-- name: stand_still
-- Waits until every recorder's transaction has ended, and holds up the next, which begins by writing an event.
lock table ledger.event in share mode;

-- name: folds
-- Which folds there are now.
select ledger.folds();

-- name: built
-- From now on the rows are what these folds compute.
insert into ledger.built (folds) values ($1)
on conflict (only_row) do update set folds = excluded.folds, built_at = now();

-- name: needed
-- Whether rows may stand there that other folds computed, and whether a rebuild ended before it had published all.
select
    ledger.folds() is distinct from (select folds from ledger.built) as other_folds,
    exists (select from ledger.unpublished)
        and pg_try_advisory_xact_lock_shared(hashtextextended('#rebuild', 0)) as interrupted;
