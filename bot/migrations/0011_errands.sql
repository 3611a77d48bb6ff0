-- What is to be done to a memory beside answering: people delete what they have said, or what was answered to them, and it
-- leaves the memory; or they go on from an answer in a thread of its own, with a copy of the memory up to there.

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
    answered skein_told;
    first numeric;
begin
    select * into answered from skein_told
    where the_page = any (pages) and workspace = the_workspace and channel = the_channel order by turn desc limit 1;
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
    answered skein_told;
begin
    select * into answered from skein_told
    where turn = the_turn and workspace = the_workspace and channel = the_channel limit 1;
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
