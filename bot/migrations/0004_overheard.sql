-- What was said in a thread after the bot was first addressed there is for the bot, and what was said before is not, in
-- whichever order the two arrive: Slack's events overtake each other, and one that could not be stored comes again after
-- minutes.

alter table skein_conversations add column since numeric(20, 6);  -- the ts of the first message addressed to the bot
update skein_conversations set since = 0;
alter table skein_conversations alter column since set not null;

-- What was said in threads where nobody had addressed the bot by then. Kept for minutes, for the mention may be late.
create table skein_overheard (
    lane text not null,
    channel text not null,
    ts numeric(20, 6) not null,
    event_id text,
    client_msg_id text,
    author text not null,
    body text not null,
    heard_at timestamptz not null default now(),
    primary key (lane, ts)
);

create index what_was_overheard on skein_overheard (heard_at);

-- Stores a message unless it is there already, and tells whether it has to wait for a turn; null if it was not stored.
create or replace function skein_put(
    the_lane text, the_channel text, the_ts numeric, the_event text, the_gesture text, the_author text, the_body text,
    is_afresh boolean, is_addressed boolean
) returns boolean language plpgsql as $$
declare
    is_busy boolean;
    its_wait boolean;
    its_first numeric;
begin
    -- One at a time in a conversation: of a mention and what follows it, the second to be stored has to see the first.
    perform pg_advisory_xact_lock(hashtext('skein_put'), hashtext(the_lane));
    if is_addressed then
        insert into skein_conversations as known (lane, since) values (the_lane, the_ts)
        on conflict (lane) do update set since = excluded.since where known.since > excluded.since;
    end if;
    -- Locked, so that no claim comes between: whether it waits is then true until it can be claimed itself.
    select turn is not null into is_busy from skein_conversations
    where lane = the_lane and since <= the_ts for no key update;
    if not found then
        insert into skein_overheard (lane, channel, ts, event_id, client_msg_id, author, body)
        values (the_lane, the_channel, the_ts, the_event, the_gesture, the_author, the_body)
        on conflict do nothing;
        return null;
    end if;
    -- Any of the unique keys refuses a repeat.
    insert into skein_inbox (lane, channel, ts, event_id, client_msg_id, author, body, starts_afresh, waits)
    values (the_lane, the_channel, the_ts, the_event, the_gesture, the_author, the_body, is_afresh, is_busy)
    on conflict do nothing
    returning waits, ts into its_wait, its_first;
    if is_addressed then
        with heard as (delete from skein_overheard where lane = the_lane and ts >= the_ts returning *),
        stored as (
            insert into skein_inbox (lane, channel, ts, event_id, client_msg_id, author, body)
            select lane, channel, ts, event_id, client_msg_id, author, body from heard order by ts
            on conflict do nothing
            returning ts)
        select least(its_first, min(ts)) into its_first from stored;
    end if;
    if its_first is not null then
        -- The conversation can be claimed from the commit on, and whoever listens is told then.
        update skein_conversations set waiting_since = least(waiting_since, its_first) where lane = the_lane;
        perform pg_notify('skein_inbox', '');
    end if;
    return its_wait;
end
$$;
