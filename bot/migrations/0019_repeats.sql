-- A mention comes twice, as one and as a message. Its second coming locked the conversation, and the claim that the first
-- had called passed it by: it was begun when somebody looked anyway, up to half a second later.

-- Stores a message unless it is there already, and tells whether it has to wait for a turn; null if it was not stored.
--
-- `the_address` is `bot`, `name` (the bot's name, without a mention), `nobody` (a follow-up), `other` (somebody else),
-- `machine` (another bot says it) or `back` (the bot is asked back in, if it was asked to stay out). Whoever `judges`
-- stores doubtful messages too. From a message on that says so the bot is to be quiet, or not; null says nothing of it.
create or replace function skein_put(
    the_lane text, the_channel text, the_ts numeric, the_event text, the_gesture text, the_author text, the_body text,
    the_files jsonb, is_afresh boolean, the_address text, to_be_quiet boolean, judges boolean
) returns boolean language plpgsql as $$
declare
    held skein_conversations;
    is_for_bot boolean;
    is_doubtful boolean := false;
    its_wait boolean;
    its_first numeric;
begin
    -- One at a time in a conversation: of a mention and what follows it, the second to be stored has to see the first.
    perform pg_advisory_xact_lock(hashtext('skein_put'), hashtext(the_lane));
    -- A repeat locks no conversation: a claim that comes at that moment would pass it by.
    if exists (select from skein_inbox where channel = the_channel and ts = the_ts and lane = the_lane) then
        return null;
    end if;
    if the_address = 'bot' then
        insert into skein_conversations as known (lane, since) values (the_lane, the_ts)
        on conflict (lane) do update set since = excluded.since where known.since > excluded.since;
    end if;
    -- Locked, so that no claim comes between: whether it waits is then true until it can be claimed itself.
    select * into held from skein_conversations where lane = the_lane and since <= the_ts for no key update;
    if not found then
        -- A mention that is late may make it one for the bot; what is said to others never is.
        if the_address in ('name', 'nobody', 'back') then
            insert into skein_overheard (lane, channel, ts, event_id, client_msg_id, author, body, files)
            values (the_lane, the_channel, the_ts, the_event, the_gesture, the_author, the_body, the_files)
            on conflict do nothing;
        end if;
        return null;
    end if;
    is_for_bot := case the_address
        when 'bot' then true
        when 'other' then false
        when 'machine' then false
        when 'back' then held.is_quiet or not held.is_shared
        when 'name' then not held.is_quiet
        else not held.is_quiet and not held.is_shared
    end;
    is_doubtful := the_address in ('nobody', 'back') and judges and not is_for_bot and not held.is_quiet;
    if not (is_for_bot or is_doubtful) then
        update skein_conversations
        set aside = greatest(aside, the_ts), is_shared = is_shared or the_address = 'other' where lane = the_lane;
        return null;
    end if;
    -- Any of the unique keys refuses a repeat.
    insert into skein_inbox (lane, channel, ts, event_id, client_msg_id, author, body, files, starts_afresh, waits,
        is_doubtful)
    values (the_lane, the_channel, the_ts, the_event, the_gesture, the_author, the_body, the_files, is_afresh,
        held.turn is not null, is_doubtful)
    on conflict do nothing
    returning waits, ts into its_wait, its_first;
    if the_address = 'bot' then
        with heard as (delete from skein_overheard where lane = the_lane and ts >= the_ts returning *),
        stored as (
            insert into skein_inbox (lane, channel, ts, event_id, client_msg_id, author, body, files)
            select lane, channel, ts, event_id, client_msg_id, author, body, files from heard order by ts
            on conflict do nothing
            returning ts)
        select least(its_first, min(ts)) into its_first from stored;
    end if;
    if its_first is not null then
        -- The conversation can be claimed from the commit on, and whoever listens is told then.
        update skein_conversations
        set waiting_since = least(waiting_since, its_first), is_quiet = coalesce(to_be_quiet, is_quiet)
        where lane = the_lane;
        perform pg_notify('skein_inbox', '');
    end if;
    return its_wait and not is_doubtful;
end
$$;
