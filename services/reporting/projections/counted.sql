-- The facts that count toward an indicator: the one text from which every figure and every list comes.
--
-- definition: {event, kinds, first_of_project, tiers, natures, platform_levels, minimum}; null lets every fact pass.
-- known_by null means as known now. A fact is known from its recording until it is superseded.
drop function if exists reporting.counted;

create function reporting.counted(
    definition jsonb, of_district text, first_day date, through date, known_by timestamptz
)
returns table (project text, source text, id text, amount numeric)
language sql stable
as $$
    select f.project, f.source, f.id, f.amount
    from jsonb_to_record(definition) as d (
        event text, kinds text[], first_of_project boolean,
        tiers text[], natures text[], platform_levels text[], minimum numeric
    )
    cross join lateral (
        select every.*
        from reporting.fact every
        where not d.first_of_project
          and every.district = of_district and every.event = d.event and every.happened_on between first_day and through
          and (d.kinds is null or every.kind = any (d.kinds))
          and every.recorded_at <= coalesce(known_by, 'infinity')
          and (every.superseded_at is null or every.superseded_at > known_by)
        union all
        -- The first of a project is the first among all years' facts of its event and kinds, whatever else they are.
        (
            select distinct on (first.project) first.*
            from reporting.fact first
            where d.first_of_project
              and first.district = of_district and first.event = d.event and first.happened_on <= through
              and (d.kinds is null or first.kind = any (d.kinds))
              and first.recorded_at <= coalesce(known_by, 'infinity')
              and (first.superseded_at is null or first.superseded_at > known_by)
            order by first.project, first.happened_on, first.recorded_at, first.source, first.id
        )
    ) f
    where f.happened_on >= first_day
      and (d.tiers is null or f.tier = any (d.tiers))
      and (d.natures is null or f.nature = any (d.natures))
      and (d.platform_levels is null or f.platform_level = any (d.platform_levels))
      and (d.minimum is null or f.amount >= d.minimum)
$$;
