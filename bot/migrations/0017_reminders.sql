-- What is to be done later in a conversation, because somebody asked for it: once, or again and again.

create table skein_reminders (
    id bigint generated always as identity primary key,
    workspace text not null,
    lane text not null,
    asker text not null,
    what text not null,
    zone text not null,              -- IANA's name of the time zone in which the rule holds
    rule text,                       -- RFC 5545's DTSTART and RRULE; null if it is done once
    next_at timestamptz not null,
    asked_at timestamptz not null default now()
);

create index what_is_due on skein_reminders (workspace, next_at);
create unique index one_reminder_a_wish on skein_reminders (lane, asker, md5(what), next_at);

-- One that is due becomes a message of who asked, in the conversation where they did, unless another replica has seen to it
-- meanwhile; tells whether it did. It is done with, or due again at `the_next`.
create function skein_remind(the_id bigint, the_due timestamptz, the_next timestamptz, the_ts numeric, the_body text)
returns boolean language plpgsql as $$
declare
    due skein_reminders;
    its_channel text;
begin
    select * into due from skein_reminders where id = the_id and next_at = the_due for update;
    if not found then
        return false;
    end if;
    its_channel := split_part(due.lane, '/', 1) || '/' || split_part(due.lane, '/', 2);
    -- Slack's own are as fine as this; none may be taken for another.
    while exists (select from skein_inbox where channel = its_channel and ts = the_ts) loop
        the_ts := the_ts + 0.000001;
    end loop;
    perform skein_put(due.lane, its_channel, the_ts, null, null, due.asker, the_body, '[]', false, 'bot', null, false);
    if the_next is null then
        delete from skein_reminders where id = the_id;
    else
        update skein_reminders set next_at = the_next where id = the_id;
    end if;
    return true;
end
$$;
