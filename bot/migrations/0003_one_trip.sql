-- The inbox's busiest statements, each one round trip and one transaction: a message needs a put, a claim, a note of its
-- answer's page and a finish, and every worker asks for a claim whenever something moves.

-- "New topic" at the top level of a direct message is a turn of its own: the claim has to see where to stop.
alter table skein_inbox add column starts_afresh boolean not null default false;
update skein_inbox set starts_afresh = true
where state = 'waiting' and lane like '%/dm' and lower(btrim(body)) = 'new topic';

-- Stores a message unless it is there already, and tells whether it has to wait for a turn; null if it was not stored.
create function skein_put(
    the_lane text, the_channel text, the_ts numeric, the_event text, the_gesture text, the_author text, the_body text,
    is_afresh boolean, is_addressed boolean
) returns boolean language plpgsql as $$
declare
    its_wait boolean;
begin
    if is_addressed then
        -- The conversation is the bot's from now on.
        insert into skein_conversations (lane) values (the_lane) on conflict do nothing;
    end if;
    -- Stored only where the conversation is known. Any of the unique keys refuses a repeat.
    insert into skein_inbox (lane, channel, ts, event_id, client_msg_id, author, body, starts_afresh, waits)
    select the_lane, the_channel, the_ts, the_event, the_gesture, the_author, the_body, is_afresh, turn is not null
    from skein_conversations where lane = the_lane
    on conflict do nothing
    returning waits into its_wait;
    if its_wait is not null then
        -- The conversation can be claimed from the commit on, and whoever listens is told then.
        update skein_conversations set waiting_since = least(waiting_since, the_ts) where lane = the_lane;
        perform pg_notify('skein_inbox', '');
    end if;
    return its_wait;
end
$$;

-- Takes over a turn whose lease ran out, or begins one where messages have waited longest, and gives a row for each of
-- its messages in order; no row when there is nothing to claim. `skip locked` lets workers pass each other.
create function skein_claim(the_worker text, the_lease interval) returns table (
    turn bigint, fence bigint, deaths int, pages text[], topic text,
    lane text, ts numeric, author text, body text, waits boolean
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
        message.lane, message.ts, message.author, message.body, message.waits
    from skein_conversations as held join skein_inbox as message on message.lane = held.lane
    where held.lane = claimed and message.lane = claimed and message.state = 'taken'
    order by message.ts;
end
$$;

-- Remembers that a message of the answer was begun. Fails, as the next does, when somebody else holds the turn.
create function skein_note_page(the_lane text, the_fence bigint, the_page text) returns void language plpgsql as $$
begin
    perform skein_hold(the_lane, the_fence);
    update skein_conversations set pages = array_append(pages, the_page)
    where lane = the_lane and the_page <> all (pages);
end
$$;

-- The turn's messages are done or set aside, and the conversation's next turn may start.
create function skein_finish(the_lane text, the_fence bigint, the_state text, the_topic text)
returns void language plpgsql as $$
declare
    its_next numeric;
begin
    perform skein_hold(the_lane, the_fence);
    update skein_inbox set state = the_state, finished_at = now() where lane = the_lane and state = 'taken';
    update skein_conversations
    set turn = null, worker = null, leased_until = null, deaths = 0, pages = '{}', topic = the_topic
    where lane = the_lane
    returning waiting_since into its_next;
    if its_next is not null then
        perform pg_notify('skein_inbox', '');
    end if;
end
$$;
