-- People change what they have said: the conversation goes back to before it, and it is answered anew. They delete it, and
-- it leaves the memory. Or they go on from an answer elsewhere (`0011_errands.sql`).

alter table skein_inbox
    add column turn bigint,            -- the turn that answers it or answered it last; null while it is new
    add column edited numeric(20, 6);  -- when its author changed it last, as Slack tells it

alter table skein_conversations
    add column again bigint,           -- the turn, of the present course, that this one answers anew; null if none
    add column is_revised boolean not null default false;  -- the turn that runs is answering what was changed meanwhile

-- Messages that were answered and are to be answered anew; they go first.
create index what_is_answered_anew on skein_inbox (lane, turn) where state = 'waiting' and turn is not null;

-- What was answered, a row for each turn. Kept as long as the messages are.
create table skein_answers (
    turn bigint primary key,
    lane text not null,
    topic text,                        -- which of the conversation's memories it was answered in
    pages text[] not null,             -- the ts of the messages that it stands in
    said text[] not null,              -- what stands in each of them
    checkpoint text,                   -- the state that the memory was in after it
    superseded_by bigint,              -- the turn that took the conversation back to before it
    answered_at timestamptz not null default now()
);

create index what_was_answered on skein_answers (lane, turn);

-- Every answer, also one that is being given, and where.
create view skein_told as
select turn, lane, topic, pages, superseded_by, split_part(lane, '/', 1) as workspace, split_part(lane, '/', 2) as channel
from skein_answers
union all
select turn, lane, topic, pages, null, split_part(lane, '/', 1), split_part(lane, '/', 2)
from skein_conversations where turn is not null;

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

-- Changes a message that is known, and tells whether it is; one that is not is stored if it `may_be_new`. What waits is
-- answered as it is now. What is being answered is begun anew, what was answered is answered again.
create function skein_revise(
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

-- The messages of a turn that has ended wait again, all that were not deleted.
create function skein_answer_again(the_lane text, the_turn bigint) returns void language plpgsql as $$
begin
    update skein_inbox set state = 'waiting', finished_at = null, waits = false
    where channel = split_part(the_lane, '/', 1) || '/' || split_part(the_lane, '/', 2) and turn = the_turn
        and state in ('done', 'set_aside') and not is_deleted;
    update skein_conversations set waiting_since = skein_waiting_since(the_lane) where lane = the_lane;
end
$$;

-- The turn that runs takes the conversation back to before the one that it answers anew.
create function skein_supersede(the_lane text, the_fence bigint) returns void language plpgsql as $$
begin
    perform skein_hold(the_lane, the_fence);
    update skein_answers as answer set superseded_by = held.turn
    from skein_conversations as held
    where held.lane = the_lane and answer.lane = the_lane and superseded_by is null
        and answer.turn >= held.again and answer.turn < held.turn;
end
$$;

drop function skein_claim(text, interval);

-- Takes over a turn whose lease ran out, or begins one where messages have waited longest, and gives a row for each of
-- its messages in order, or one for its errand; no row when there is nothing to claim. `skip locked` lets workers pass
-- each other.
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

drop function skein_finish(text, bigint, text, text, boolean, numeric);

-- The turn's messages are done or set aside, and the conversation's next turn may start. What is null stays as it is.
-- What was changed at the last moment, so that the turn did not hear of it, is to be answered anew.
create function skein_finish(
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
        topic = the_topic, is_shared = coalesce(to_be_shared, is_shared), aside = greatest(aside, the_aside)
    where lane = the_lane
    returning waiting_since into its_next;
    if held.is_revised then
        perform skein_answer_again(the_lane, held.turn);
    end if;
    if its_next is not null or held.is_revised then
        perform pg_notify('skein_inbox', '');
    end if;
end
$$;
