-- migrate:up

-- The first instant at which a duty begins or ends by the passing of time alone: an issue has hours.
alter table notifier.project
    alter column next_look type timestamptz using next_look::timestamp at time zone 'Asia/Shanghai';

-- migrate:down

alter table notifier.project alter column next_look type date using (next_look at time zone 'Asia/Shanghai')::date;
