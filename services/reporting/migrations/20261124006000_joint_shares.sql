-- migrate:up

alter table reporting.fact add share numeric;
comment on column reporting.fact.share is 'percent of the amount that counts for this district; null: all of it';

update reporting.fact set share = (data ->> 'share')::numeric where event in ('signed', 'funds-arrived') and data ? 'share';

-- migrate:down
alter table reporting.fact drop share;
