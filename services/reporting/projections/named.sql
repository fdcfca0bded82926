-- What a project was called, as known at an instant: by its registration that happened last. 'infinity': as the ledger
-- says now.
create or replace function reporting.named(of_district text, of_project text, instant timestamptz) returns text
language sql stable as $$
select case when instant = 'infinity'
    then (select p.name from reporting.project p where p.district = of_district and p.project = of_project)
    else (
        select f.data ->> 'name'
        from reporting.fact f
        where f.district = of_district and f.project = of_project and f.event = 'registered'
          and f.recorded_at <= instant and (f.superseded_at is null or f.superseded_at > instant)
        order by f.happened_on desc, f.recorded_at desc, f.source desc, f.id desc
        limit 1
    ) end
$$;
