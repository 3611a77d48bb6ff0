-- People talk to each other in a thread that the bot has a part in, and it has to tell what is for it.

alter table skein_conversations
    add column is_shared boolean not null default false,  -- people talk to each other in it
    add column is_quiet boolean not null default false,   -- somebody asked the bot to stay out of it
    add column aside numeric(20, 6);                      -- the ts of the newest message in it that was not for the bot

-- A follow-up in a shared thread: whether it is for the bot is judged before it is answered.
alter table skein_inbox add column is_doubtful boolean not null default false;

-- What Slack tells of the files that came with it: name, kind, size and address.
alter table skein_inbox add column files jsonb not null default '[]';
alter table skein_overheard add column files jsonb not null default '[]';

drop function skein_put(text, text, numeric, text, text, text, text, boolean, boolean);

-- Stores a message unless it is there already, and tells whether it has to wait for a turn; null if it was not stored.
--
-- `the_address` is `bot`, `name` (the bot's name, without a mention), `nobody` (a follow-up), `other` (somebody else),
-- `machine` (another bot says it) or `back` (the bot is asked back in, if it was asked to stay out). Whoever `judges`
-- stores doubtful messages too. From a message on that says so the bot is to be quiet, or not; null says nothing of it.
create function skein_put(
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

drop function skein_claim(text, interval);

-- Takes over a turn whose lease ran out, or begins one where messages have waited longest, and gives a row for each of
-- its messages in order; no row when there is nothing to claim. `skip locked` lets workers pass each other.
create function skein_claim(the_worker text, the_lease interval) returns table (
    turn bigint, fence bigint, deaths int, pages text[], topic text,
    lane text, ts numeric, author text, body text, waits boolean,
    aside numeric, is_doubtful boolean, files jsonb
) language plpgsql
-- The plans are made once a connection, maybe when nothing waited: they are to be good when ten thousand do.
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
#variable_conflict use_column
declare
    claimed text;
    stop numeric;
begin
    update skein_conversations
    set worker = the_worker, leased_until = now() + the_lease, fence = fence + 1, deaths = deaths + 1
    where lane = (
        select lane from skein_conversations where turn is not null and leased_until < now()
        order by leased_until limit 1 for update skip locked)
    returning lane into claimed;
    if claimed is null then
        update skein_conversations
        set turn = nextval('skein_turns'), worker = the_worker, leased_until = now() + the_lease, fence = fence + 1,
            waiting_since = null
        where lane = (
            select lane from skein_conversations where turn is null and waiting_since is not null
            order by waiting_since limit 1 for update skip locked)
        returning lane into claimed;
        if claimed is null then
            return;
        end if;
        -- Everything that waits, up to a wish to start afresh, which is a turn of its own.
        select ts into stop from (
            select ts, starts_afresh or lag(starts_afresh) over (order by ts) as stops, row_number() over (order by ts) as at
            from skein_inbox where lane = claimed and state = 'waiting'
        ) as waiting where stops and at > 1 order by ts limit 1;
        update skein_inbox set state = 'taken'
        where lane = claimed and state = 'waiting' and (stop is null or ts < stop);
        if stop is not null then
            update skein_conversations set waiting_since = stop where lane = claimed;
        end if;
    end if;
    return query
    select held.turn, held.fence, held.deaths, held.pages, held.topic,
        message.lane, message.ts, message.author, message.body, message.waits,
        held.aside, message.is_doubtful, message.files
    from skein_conversations as held join skein_inbox as message on message.lane = held.lane
    where held.lane = claimed and message.lane = claimed and message.state = 'taken'
    order by message.ts;
end
$$;

drop function skein_finish(text, bigint, text, text);

-- The turn's messages are done or set aside, and the conversation's next turn may start. What is null stays as it is.
create function skein_finish(
    the_lane text, the_fence bigint, the_state text, the_topic text, to_be_shared boolean, the_aside numeric
) returns void language plpgsql as $$
declare
    its_next numeric;
begin
    perform skein_hold(the_lane, the_fence);
    update skein_inbox set state = the_state, finished_at = now() where lane = the_lane and state = 'taken';
    update skein_conversations
    set turn = null, worker = null, leased_until = null, deaths = 0, pages = '{}', topic = the_topic,
        is_shared = coalesce(to_be_shared, is_shared), aside = greatest(aside, the_aside)
    where lane = the_lane
    returning waiting_since into its_next;
    if its_next is not null then
        perform pg_notify('skein_inbox', '');
    end if;
end
$$;
