-- migrate:up

-- Whether a person has had a digest today.
create index message_digest on notifier.message (recipient, channel, created_at) where notice = 'digest';

-- migrate:down

drop index notifier.message_digest;
