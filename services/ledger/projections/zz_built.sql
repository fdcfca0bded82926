-- Which folds there are, as one value, to tell whether the rows were built with them. This file must run after those
-- that define the folds.

-- Everything in the schema that a fold can call: what may change data is volatile, and no part of a fold.
create or replace function ledger.folds() returns bytea language sql stable set search_path to '' as $$
select pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(part, E'\n' order by part), 'UTF8'))
from (
    select pg_catalog.concat_ws(
        ' ', proname, pg_catalog.pg_get_function_identity_arguments(pg_proc.oid),
        proconfig, aggtransfn, agginitval, prosrc) as part
    from pg_catalog.pg_proc
    left join pg_catalog.pg_aggregate on aggfnoid = pg_proc.oid
    where pronamespace = 'ledger'::pg_catalog.regnamespace and provolatile <> 'v'
) as parts
$$;

-- An empty ledger is built with any folds. The lock lets recorders finish that still fold as before.
lock table ledger.event in share mode;
insert into ledger.built (folds)
select ledger.folds() where not exists (select from ledger.event)
on conflict (only_row) do update set folds = excluded.folds, built_at = excluded.built_at;
