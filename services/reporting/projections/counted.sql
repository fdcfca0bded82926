-- The facts that count toward each of several indicators: the one text from which every figure and every list comes.
--
-- definitions: [{code, event, kinds, first_of_project, tiers, natures, platform_levels, minimum}], null = no such rule.
-- known_by null means: as known now. A fact is known from its recording until it is superseded.
drop function if exists reporting.counted;

create function reporting.counted(
    definitions jsonb, of_district text, first_day date, through date, known_by timestamptz
)
returns table (code text, project text, source text, id text, amount numeric)
language sql stable
as $$
    select d.code, f.project, f.source, f.id, f.amount
    from jsonb_to_recordset(definitions) as d (
        code text, event text, kinds text[], first_of_project boolean,
        tiers text[], natures text[], platform_levels text[], minimum numeric
    )
    join reporting.fact f on f.district = of_district and f.event = d.event
    where f.happened_on between first_day and through
      and f.recorded_at <= coalesce(known_by, 'infinity')
      and (f.superseded_at is null or f.superseded_at > known_by)
      and (d.kinds is null or f.kind = any (d.kinds))
      and (d.tiers is null or f.tier = any (d.tiers))
      and (d.natures is null or f.nature = any (d.natures))
      and (d.platform_levels is null or f.platform_level = any (d.platform_levels))
      and (d.minimum is null or f.amount >= d.minimum)
      -- The first of a project is the first among all years' facts of its event and kinds, whatever else they are.
      and (not d.first_of_project or not exists (
          select
          from reporting.fact earlier
          where earlier.district = f.district and earlier.project = f.project and earlier.event = f.event
            and earlier.recorded_at <= coalesce(known_by, 'infinity')
            and (earlier.superseded_at is null or earlier.superseded_at > known_by)
            and (d.kinds is null or earlier.kind = any (d.kinds))
            and (earlier.happened_on, earlier.recorded_at, earlier.source, earlier.id)
                < (f.happened_on, f.recorded_at, f.source, f.id)
      ))
$$;
