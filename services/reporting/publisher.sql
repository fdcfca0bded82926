-- name: own
-- One publisher at a time, so that a revision is never followed by an older one. Released with the session.
select pg_try_advisory_lock(hashtext('reporting.publisher'));

-- name: years
-- The years of which a district has figures or targets, or had any when they were published: a year that has lost its
-- last fact must say so. The year to which a day belongs is that of the rule that counts it.
select distinct year from (
    select reporting.year_of(summed.happened_on, rule.rule ->> 'year_begins') as year
    from reporting.rollup summed join reporting.rule on rule.key = summed.rule
    where summed.district = $1 and summed.known_on = 'infinity' and summed.facts <> 0
    union select year from reporting.target_fact where district = $1
    union select year from reporting.published where district = $1
) known
where year between 2000 and $2
order by year;

-- name: published
-- What was said last about a district's year.
select revision, digest from reporting.published where district = $1 and year = $2;

-- name: put_published
-- After the message itself is stored: a crash in between publishes the same revision again.
insert into reporting.published (district, year, revision, digest) values ($1, $2, $3, $4)
on conflict (district, year) do update set revision = excluded.revision, digest = excluded.digest;
