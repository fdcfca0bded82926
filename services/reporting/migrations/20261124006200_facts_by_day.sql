-- migrate:up
-- What happened last is looked for, and no longer what became known last.
create index fact_by_day on reporting.fact (district, happened_on desc, recorded_at desc);
drop index reporting.fact_by_recording;

-- migrate:down
create index fact_by_recording on reporting.fact (district, recorded_at desc);
drop index reporting.fact_by_day;
