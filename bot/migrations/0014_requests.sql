-- The agent asks leave for something, and waits for somebody's decision, for days if need be.

create table skein_requests (
    id bigint generated always as identity primary key,
    lane text not null,
    turn bigint not null,            -- whose answer asks; once that is gone on with, the turn that does
    interrupt text not null,         -- LangGraph's id of the interrupt that asks, and which of its actions this is
    position int not null,
    name text not null,
    args jsonb not null,
    about text not null,
    choices text[] not null,         -- what can be decided
    deciders text[] not null,        -- by whom: users' ids, or 'anyone'
    after int not null,              -- after how many of the model's messages in the turn it stands
    state text not null default 'open' check (state in ('open', 'decided', 'withdrawn')),
    choice text,
    edited jsonb,                    -- other arguments
    reason text not null default '',
    decided_by text,
    is_heard boolean not null default false,  -- the decision is known to the turn that goes on with it
    withdrawn_by bigint,             -- the turn that went on without a decision
    asked_at timestamptz not null default now()
);

create index what_is_asked_in_a_turn on skein_requests (lane, turn);

-- Whether anything may wait for a decision there: most turns have nothing to withdraw, and need not look.
alter table skein_conversations add column is_asking boolean not null default false;

drop function skein_claim(text, interval);

-- As before (0010_rewind.sql), and tells whether anything may wait for a decision in the conversation.
-- Takes over a turn whose lease ran out, or begins one where messages have waited longest, and gives a row for each of
-- its messages in order, or one for its errand; no row when there is nothing to claim. `skip locked` lets workers pass
-- each other.
create function skein_claim(the_worker text, the_lease interval) returns table (
    turn bigint, fence bigint, deaths int, pages text[], topic text,
    lane text, ts numeric, author text, body text, waits boolean,
    aside numeric, is_doubtful boolean, files jsonb, again bigint, edited numeric, errand text, checkpoint text, is_asking boolean
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
            held.aside, false, '[]'::jsonb, null::bigint, null::numeric, errand.kind, answer.checkpoint, false
        from skein_conversations as held join skein_errands as errand on errand.id = held.errand
            left join skein_answers as answer on answer.turn = errand.turn
        where held.lane = claimed;
        return;
    end if;
    return query
    select held.turn, held.fence, held.deaths, held.pages, held.topic,
        message.lane, message.ts, message.author, message.body, message.waits,
        held.aside, message.is_doubtful, message.files, held.again, message.edited, null, null, held.is_asking
    from skein_conversations as held join skein_inbox as message on message.lane = held.lane
    where held.lane = claimed and message.lane = claimed and message.state = 'taken'
    order by message.ts;
end
$$;

-- The turn that runs asks for these, in order; gives their ids and all else. What it asks for already is asked for once.
create function skein_ask(the_lane text, the_fence bigint, the_requests jsonb)
returns setof skein_requests language plpgsql as $$
declare
    held skein_conversations;
begin
    perform skein_hold(the_lane, the_fence);
    select * into held from skein_conversations where lane = the_lane;
    update skein_conversations set is_asking = true where lane = the_lane;
    insert into skein_requests (lane, turn, interrupt, position, name, args, about, choices, deciders, after)
    select the_lane, held.turn, one.interrupt, one.position, one.name, one.args, one.about, one.choices, one.deciders, one.after
    from rows from (jsonb_to_recordset(the_requests) as (
        interrupt text, position int, name text, args jsonb, about text, choices text[], deciders text[], after int)
    ) with ordinality as one(interrupt, position, name, args, about, choices, deciders, after, at)
    where not exists (
        select from skein_requests as known
        where known.lane = the_lane and known.turn = held.turn and known.state <> 'withdrawn' and not known.is_heard
            and (known.interrupt, known.position, known.name, known.args)
                = (one.interrupt, one.position, one.name, one.args))
    order by one.at;
    return query select * from skein_requests
    where lane = the_lane and turn = held.turn and state = 'open' order by id;
end
$$;

-- What the answer that the turn goes on with has asked for so far. It is this turn's from here on.
create function skein_asked(the_lane text, the_fence bigint) returns setof skein_requests language plpgsql as $$
declare
    held skein_conversations;
begin
    perform skein_hold(the_lane, the_fence);
    select * into held from skein_conversations where lane = the_lane;
    update skein_requests set turn = held.turn, is_heard = state = 'decided'
    where lane = the_lane and turn in (held.again, held.turn) and state <> 'withdrawn';
    return query select * from skein_requests where lane = the_lane and turn = held.turn and state = 'decided' order by id;
end
$$;

-- Somebody decides, once. Tells what became of it: 'decided'; 'late' when somebody had, or it is withdrawn; 'forbidden';
-- 'busy' while a new message is being looked at, which may withdraw it; 'gone' when nothing is known of it in that channel.
create function skein_decide(
    the_workspace text, the_channel text, the_id bigint, the_user text, the_choice text, the_args jsonb, the_reason text
) returns text language plpgsql as $$
declare
    held skein_conversations;
    asked skein_requests;
begin
    select * into asked from skein_requests where id = the_id
        and split_part(lane, '/', 1) = the_workspace and split_part(lane, '/', 2) = the_channel;
    if not found then
        return 'gone';
    end if;
    -- Locked, so that its turn neither ends nor begins meanwhile; what was read before may be old.
    select * into held from skein_conversations where lane = asked.lane for no key update;
    select * into asked from skein_requests where id = the_id for update;
    if not (the_user = any (asked.deciders) or 'anyone' = any (asked.deciders)) or not the_choice = any (asked.choices) then
        return 'forbidden';
    elsif asked.state <> 'open' then
        return 'late';
    elsif held.turn is not null and held.errand is null and held.turn <> asked.turn
        and held.again is distinct from asked.turn then
        return 'busy';
    elsif not exists (
        select from skein_inbox where channel = the_workspace || '/' || the_channel
            and turn in (asked.turn, held.turn) and not is_deleted
    ) then
        return 'gone';
    end if;
    update skein_requests
    set state = 'decided', choice = the_choice, edited = the_args, reason = the_reason, decided_by = the_user
    where id = the_id;
    -- A turn that runs hears of it, or goes on from it once it has ended.
    if held.turn is null or held.errand is not null then
        perform skein_answer_again(asked.lane, asked.turn);
        perform pg_notify('skein_inbox', '');
    end if;
    return 'decided';
end
$$;

-- The turn that runs goes on without decisions: what waits for one in its conversation is withdrawn. Gives the last
-- message of each of the answers that asked, and what stands in it.
create function skein_withdraw(the_lane text, the_fence bigint) returns table (page text, said text)
language plpgsql as $$
declare
    held skein_conversations;
begin
    perform skein_hold(the_lane, the_fence);
    select * into held from skein_conversations where lane = the_lane;
    update skein_requests set state = 'withdrawn', withdrawn_by = held.turn
    where lane = the_lane and state = 'open' and turn < held.turn;
    return query
    select answer.pages[cardinality(answer.pages)], answer.said[cardinality(answer.said)]
    from skein_answers as answer
    where answer.said <> '{}' and answer.turn in (
        select turn from skein_requests where lane = the_lane and withdrawn_by = held.turn);
end
$$;

-- The turn that runs takes the conversation back to before the one that it answers anew. What was asked for since is void.
create or replace function skein_supersede(the_lane text, the_fence bigint) returns void language plpgsql as $$
begin
    perform skein_hold(the_lane, the_fence);
    delete from skein_requests as asked using skein_conversations as held
    where held.lane = the_lane and asked.lane = the_lane and asked.turn between held.again and held.turn;
    update skein_answers as answer set superseded_by = held.turn
    from skein_conversations as held
    where held.lane = the_lane and answer.lane = the_lane and superseded_by is null
        and answer.turn >= held.again and answer.turn < held.turn;
end
$$;

-- As before (0010_rewind.sql), and what was decided at the last moment is gone on from.
create or replace function skein_finish(
    the_lane text, the_fence bigint, the_state text, the_topic text, to_be_shared boolean, the_aside numeric,
    the_said text[]
) returns void language plpgsql as $$
declare
    held skein_conversations;
    its_next numeric;
begin
    -- As skein_hold does, and for the update to come.
    select * into held from skein_conversations
    where lane = the_lane and fence = the_fence and turn is not null for no key update;
    if not found then
        raise exception 'the turn is held by another worker' using errcode = 'SK001';
    end if;
    update skein_inbox set state = the_state, finished_at = now() where lane = the_lane and state = 'taken';
    if held.again is not null then
        update skein_answers set superseded_by = held.turn where turn = held.again and superseded_by is null;
    end if;
    if held.pages <> '{}' then
        insert into skein_answers (turn, lane, topic, pages, said, checkpoint)
        select held.turn, the_lane, held.topic, held.pages, the_said, max(checkpoint_id) from checkpoints
        where thread_id = the_lane || coalesce('@' || held.topic, '') and checkpoint_ns = '';
    end if;
    update skein_conversations
    set turn = null, worker = null, leased_until = null, deaths = 0, pages = '{}', again = null, is_revised = false,
        topic = the_topic, is_shared = coalesce(to_be_shared, is_shared), aside = greatest(aside, the_aside),
        is_asking = is_asking and exists (select from skein_requests where lane = the_lane and state = 'open')
    where lane = the_lane
    returning waiting_since into its_next;
    if not held.is_revised then
        held.is_revised := exists (
            select from skein_requests
            where lane = the_lane and turn = held.turn and state = 'decided' and not is_heard);
    end if;
    if held.is_revised then
        perform skein_answer_again(the_lane, held.turn);
    end if;
    if its_next is not null or held.is_revised then
        perform pg_notify('skein_inbox', '');
    end if;
end
$$;

-- As before (0011_errands.sql), and what was asked for in the turn is forgotten with the rest.
create or replace function skein_errand_done(the_lane text, the_fence bigint) returns void language plpgsql as $$
declare
    done skein_errands;
    its_next numeric;
begin
    perform skein_hold(the_lane, the_fence);
    delete from skein_errands where id = (select errand from skein_conversations where lane = the_lane)
    returning * into done;
    delete from skein_requests where done.kind in ('forget', 'forget_answer') and lane = the_lane and turn in (
        select turn from skein_inbox
        where channel = split_part(the_lane, '/', 1) || '/' || split_part(the_lane, '/', 2) and ts = done.ts);
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
