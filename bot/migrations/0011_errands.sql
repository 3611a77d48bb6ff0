-- What is to be done to a memory beside answering: people delete what they have said, or what was answered to them, and it
-- leaves the memory; or they go on from an answer in a thread of its own, with a copy of the memory up to there.

-- Its author took it back: it is not answered any more, and its words go from here as well.
alter table skein_inbox add column is_deleted boolean not null default false;

-- Done by a turn of its own each, as nobody else may write to the memory meanwhile.
create table skein_errands (
    id bigint generated always as identity primary key,
    lane text not null,
    topic text,                          -- which of the conversation's memories it is about
    kind text not null check (kind in ('forget', 'forget_answer', 'branch')),
    ts numeric(20, 6) not null,          -- of the message; of an answer, that of the first message it answers; of a wish
    body text not null,                  -- what it said, for the notes that may have been made of it; or who wishes it
    turn bigint,                         -- the turn that the answer is of; none in a branch
    pages text[] not null default '{}'   -- messages that the answer stands in
);

create index what_is_to_be_done on skein_errands (lane, id);
create unique index one_branch_a_click on skein_errands (turn, body, ts) where kind = 'branch';

alter table skein_conversations
    add column errand bigint,        -- the one that the turn that runs does, if it does one
    add column branched_from text;   -- the lane that its memory began as a copy of
create index what_branched_off on skein_conversations (branched_from) where branched_from is not null;

create function skein_waiting_since(the_lane text) returns numeric language sql as $$
    select least(
        (select min(ts) from skein_inbox where lane = the_lane and state = 'waiting'),
        (select min(ts) from skein_errands where lane = the_lane))
$$;

create function skein_errand(
    the_lane text, the_topic text, the_kind text, the_ts numeric, the_body text, the_turn bigint, the_pages text[]
) returns void language plpgsql as $$
begin
    insert into skein_errands (lane, topic, kind, ts, body, turn, pages)
    values (the_lane, the_topic, the_kind, the_ts, the_body, the_turn, the_pages)
    on conflict do nothing;
    update skein_conversations set waiting_since = skein_waiting_since(the_lane) where lane = the_lane;
    perform pg_notify('skein_inbox', '');
end
$$;

-- What a memory is to forget, the memories that branched off from it are as well; they have it only if it was said before.
create function skein_forget_in_branches(the_lane text, the_kind text, the_ts numeric, the_body text)
returns void language plpgsql as $$
declare
    branch text;
begin
    for branch in select lane from skein_conversations where branched_from = the_lane order by lane for no key update loop
        perform skein_errand(branch, null, the_kind, the_ts, the_body, null, '{}');
        perform skein_forget_in_branches(branch, the_kind, the_ts, the_body);
    end loop;
end
$$;

-- A message was deleted. What nobody has taken yet is just not answered; anything else may stand in the memory, what was
-- said to others as well. Its row stays, without its words, so that an event of it that comes late changes nothing.
create function skein_delete(the_lane text, the_channel text, the_ts numeric, the_author text, the_body text)
returns void language plpgsql as $$
declare
    held skein_conversations;
    known skein_inbox;
    answered skein_answers;
begin
    perform pg_advisory_xact_lock(hashtext('skein_put'), hashtext(the_lane));
    delete from skein_overheard where lane = the_lane and ts = the_ts;
    select * into held from skein_conversations where lane = the_lane for no key update;
    if not found then
        return;
    end if;
    select * into known from skein_inbox where channel = the_channel and ts = the_ts;
    insert into skein_inbox (lane, channel, ts, author, body, state, is_deleted, finished_at)
    values (the_lane, the_channel, the_ts, the_author, '', 'done', true, now())
    on conflict (channel, ts) do update set is_deleted = true,
        -- Whoever is answering it has to be able to go on; then it goes.
        body = case when skein_inbox.state = 'taken' then skein_inbox.body else '' end,
        files = case when skein_inbox.state = 'taken' then skein_inbox.files else '[]' end,
        state = case when skein_inbox.state = 'taken' then 'taken' else 'done' end, finished_at = now();
    if known.state = 'waiting' and known.turn is null then
        update skein_conversations set waiting_since = skein_waiting_since(the_lane) where lane = the_lane;
    elsif known.is_deleted is distinct from true then
        select * into answered from skein_answers where turn = known.turn;
        perform skein_errand(the_lane, case when answered.turn is null then held.topic else answered.topic end,
            'forget', the_ts, coalesce(nullif(known.body, ''), the_body), null, '{}');
        perform skein_forget_in_branches(the_lane, 'forget', the_ts, coalesce(nullif(known.body, ''), the_body));
    end if;
end
$$;

-- Who asked wants what was answered in that message to go, or is being answered; tells whether it is theirs.
create function skein_delete_answer(the_workspace text, the_channel text, the_page text, the_user text)
returns boolean language plpgsql as $$
declare
    answered record;
    first numeric;
begin
    select * into answered from (
        select turn, lane, topic, pages from skein_answers where the_page = any (pages)
        union all
        select turn, lane, topic, pages from skein_conversations where turn is not null and the_page = any (pages)
    ) as found
    where split_part(lane, '/', 1) = the_workspace and split_part(lane, '/', 2) = the_channel
    order by turn desc limit 1;
    if not found then
        return false;
    end if;
    perform from skein_conversations where lane = answered.lane for no key update;
    select min(ts) into first from skein_inbox
    where channel = the_workspace || '/' || the_channel and turn = answered.turn having bool_or(author = the_user);
    if first is null then
        return false;
    end if;
    perform skein_errand(
        answered.lane, answered.topic, 'forget_answer', first, '', answered.turn, answered.pages);
    perform skein_forget_in_branches(answered.lane, 'forget_answer', first, '');
    return true;
end
$$;

-- Somebody wants to go on from an answer in a thread of its own; tells whether it is known in that channel. The click's
-- time tells one wish from another.
create function skein_branch(the_workspace text, the_channel text, the_turn bigint, the_user text, the_ts numeric)
returns boolean language plpgsql as $$
declare
    answered record;
begin
    select * into answered from (
        select lane, topic, pages from skein_answers where turn = the_turn
        union all select lane, topic, pages from skein_conversations where turn = the_turn
    ) as found
    where split_part(lane, '/', 1) = the_workspace and split_part(lane, '/', 2) = the_channel limit 1;
    if not found then
        return false;
    end if;
    perform from skein_conversations where lane = answered.lane for no key update;
    perform skein_errand(
        answered.lane, answered.topic, 'branch', the_ts, the_user, the_turn, answered.pages);
    return true;
end
$$;

-- The errand is done, and the conversation's next turn may start.
create function skein_errand_done(the_lane text, the_fence bigint) returns void language plpgsql as $$
declare
    done skein_errands;
    its_next numeric;
begin
    perform skein_hold(the_lane, the_fence);
    delete from skein_errands where id = (select errand from skein_conversations where lane = the_lane)
    returning * into done;
    update skein_inbox set body = '', files = '[]'
    where channel = split_part(the_lane, '/', 1) || '/' || split_part(the_lane, '/', 2) and ts = done.ts and is_deleted;
    -- Those that stood there before it as well.
    update skein_answers set said = '{}' where done.kind = 'forget_answer' and lane = the_lane and pages && done.pages;
    update skein_conversations
    set turn = null, worker = null, leased_until = null, deaths = 0, pages = '{}', again = null, is_revised = false,
        errand = null, waiting_since = skein_waiting_since(the_lane)
    where lane = the_lane returning waiting_since into its_next;
    if its_next is not null then
        perform pg_notify('skein_inbox', '');
    end if;
end
$$;

-- As before, but what was deleted is not answered anew.
create or replace function skein_revise(
    the_lane text, the_channel text, the_ts numeric, the_event text, the_gesture text, the_author text, the_body text,
    the_files jsonb, is_afresh boolean, the_address text, to_be_quiet boolean, judges boolean,
    the_edit numeric, may_be_new boolean
) returns boolean language plpgsql as $$
declare
    known skein_inbox;
begin
    perform pg_advisory_xact_lock(hashtext('skein_put'), hashtext(the_lane));
    -- Locked, so that its turn neither ends nor begins meanwhile.
    perform from skein_conversations where lane = the_lane for no key update;
    update skein_overheard set body = the_body, files = the_files where lane = the_lane and ts = the_ts;
    select * into known from skein_inbox where channel = the_channel and ts = the_ts;
    if known.id is null then
        if may_be_new then
            perform skein_put(the_lane, the_channel, the_ts, the_event, the_gesture, the_author, the_body, the_files,
                is_afresh, the_address, to_be_quiet, judges);
            update skein_inbox set edited = the_edit where channel = the_channel and ts = the_ts;
        end if;
        return may_be_new;
    end if;
    if known.is_deleted or known.edited >= the_edit then
        return true;
    end if;
    update skein_inbox
    set body = the_body, files = the_files, edited = the_edit, starts_afresh = is_afresh,
        is_doubtful = is_doubtful and the_address not in ('bot', 'name')
    where id = known.id;
    if known.state = 'taken' then
        update skein_conversations set is_revised = true where lane = the_lane;
        perform pg_notify('skein_inbox', 'stop');
    elsif known.state in ('done', 'set_aside') and (
        the_address in ('bot', 'name') or exists (select from skein_answers where turn = known.turn)
    ) then
        perform skein_answer_again(the_lane, known.turn);
        update skein_conversations set is_quiet = coalesce(to_be_quiet, is_quiet) where lane = the_lane;
        perform pg_notify('skein_inbox', '');
    end if;
    return true;
end
$$;

create or replace function skein_answer_again(the_lane text, the_turn bigint) returns void language plpgsql as $$
begin
    update skein_inbox set state = 'waiting', finished_at = null, waits = false
    where channel = split_part(the_lane, '/', 1) || '/' || split_part(the_lane, '/', 2) and turn = the_turn
        and state in ('done', 'set_aside') and not is_deleted;
    update skein_conversations set waiting_since = skein_waiting_since(the_lane) where lane = the_lane;
end
$$;

drop function skein_claim(text, interval);

-- As before, but errands go first, and what was deleted is not answered in again.
create function skein_claim(the_worker text, the_lease interval) returns table (
    turn bigint, fence bigint, deaths int, pages text[], topic text,
    lane text, ts numeric, author text, body text, waits boolean,
    aside numeric, is_doubtful boolean, files jsonb, again bigint, edited numeric, errand text, checkpoint text
) language plpgsql
-- The plans are made once a connection, maybe when nothing waited: they are to be good when ten thousand do.
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
#variable_conflict use_column
declare
    claimed text;
    its_turn bigint;
    its_again bigint;
    its_errand bigint;
    answered skein_answers;
    stop numeric;
begin
    update skein_conversations
    set worker = the_worker, leased_until = now() + the_lease, fence = fence + 1, deaths = deaths + 1,
        is_revised = false
    where lane = (
        select lane from skein_conversations where turn is not null and leased_until < now()
        order by leased_until limit 1 for update skip locked)
    returning lane, errand into claimed, its_errand;
    if claimed is null then
        update skein_conversations
        set turn = nextval('skein_turns'), worker = the_worker, leased_until = now() + the_lease, fence = fence + 1,
            waiting_since = null, again = null, is_revised = false
        where lane = (
            select lane from skein_conversations where turn is null and waiting_since is not null
            order by waiting_since limit 1 for update skip locked)
        returning lane, turn into claimed, its_turn;
        if claimed is null then
            return;
        end if;
        -- Errands go before everything else.
        select id into its_errand from skein_errands where lane = claimed order by id limit 1;
        if its_errand is not null then
            update skein_conversations set errand = its_errand, waiting_since = skein_waiting_since(claimed)
            where lane = claimed;
        end if;
    end if;
    if its_turn is not null and its_errand is null then
        -- What is to be answered anew goes first, a turn by itself: what is new is said after it.
        select turn into its_again from skein_inbox
        where lane = claimed and state = 'waiting' and turn is not null order by turn limit 1;
        -- Else everything that waits. A wish to start afresh is a turn of its own.
        select ts into stop from (
            select ts, starts_afresh or lag(starts_afresh) over (order by ts) as stops, row_number() over (order by ts) as at
            from skein_inbox where lane = claimed and state = 'waiting' and turn is not distinct from its_again
        ) as waiting where stops and at > 1 order by ts limit 1;
        update skein_inbox set state = 'taken', turn = its_turn
        where lane = claimed and state = 'waiting' and turn is not distinct from its_again and (stop is null or ts < stop);
        if its_again is not null then
            select * into answered from skein_answers as answer where answer.turn = its_again;
        end if;
        -- In the messages in which it was answered, and, unless the course has left it, in the memory in which it was.
        if answered.turn is not null then
            update skein_conversations
            set pages = case when answered.said = '{}' then '{}' else answered.pages end,  -- people have deleted them
                again = case when answered.superseded_by is null then its_again end,
                topic = case when answered.superseded_by is null then answered.topic else topic end
            where lane = claimed;
        end if;
        if stop is not null or its_again is not null then
            update skein_conversations set waiting_since = skein_waiting_since(claimed) where lane = claimed;
        end if;
    end if;
    if its_errand is not null then
        return query
        select held.turn, held.fence, held.deaths, coalesce(answer.pages, errand.pages), errand.topic,
            errand.lane, errand.ts, '', errand.body, false,
            held.aside, false, '[]'::jsonb, null::bigint, null::numeric, errand.kind, answer.checkpoint
        from skein_conversations as held join skein_errands as errand on errand.id = held.errand
            left join skein_answers as answer on answer.turn = errand.turn
        where held.lane = claimed;
        return;
    end if;
    return query
    select held.turn, held.fence, held.deaths, held.pages, held.topic,
        message.lane, message.ts, message.author, message.body, message.waits,
        held.aside, message.is_doubtful, message.files, held.again, message.edited, null, null
    from skein_conversations as held join skein_inbox as message on message.lane = held.lane
    where held.lane = claimed and message.lane = claimed and message.state = 'taken'
    order by message.ts;
end
$$;
