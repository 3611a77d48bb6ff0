-- A turn answers everything that has waited in a conversation, and is held by a lease.

-- One row a conversation, so one turn: its primary key makes a second runner impossible.
alter table skein_conversations
    add column waiting_since numeric(20, 6),     -- the ts of the first message that no turn has taken; null if none
    add column turn bigint,                      -- the turn that runs; null if none
    add column fence bigint not null default 0,  -- rises with each claim: an older holder's writes are refused
    add column worker text,
    add column leased_until timestamptz,
    add column deaths int not null default 0,    -- how many holders of this turn have died
    add column pages text[] not null default '{}',  -- the ts of the messages that the turn's answer stands in
    add constraint turn_is_held check ((turn is null) = (worker is null) and (turn is null) = (leased_until is null));

create sequence skein_turns;

alter table skein_inbox
    add column event_id text,
    add column waits boolean not null default false,  -- it came while a turn of its conversation ran
    drop constraint skein_inbox_state_check;
update skein_inbox set state = 'waiting' where state = 'running';
alter table skein_inbox
    add constraint skein_inbox_state_check check (state in ('waiting', 'taken', 'done', 'set_aside'));
drop index one_turn_a_conversation;
alter table skein_inbox drop column worker, drop column leased_until, drop column pages;

update skein_conversations set waiting_since =
    (select min(ts) from skein_inbox where skein_inbox.lane = skein_conversations.lane and state = 'waiting');

create unique index one_row_an_event on skein_inbox (event_id) where event_id is not null;

-- A claim looks at the first entry of one of these two, however much waits.
create index what_is_ready on skein_conversations (waiting_since) where turn is null and waiting_since is not null;
create index what_is_leased on skein_conversations (leased_until) where turn is not null;

create index what_a_turn_took on skein_inbox (lane, ts) where state = 'taken';
create index what_is_finished on skein_inbox (finished_at) where state = 'done';

-- Called first in every transaction that writes on behalf of a turn. It keeps others from claiming the conversation
-- until the transaction ends, and fails when somebody has.
create function skein_hold(the_lane text, the_fence bigint) returns void language plpgsql as $$
begin
    perform from skein_conversations where lane = the_lane and fence = the_fence and turn is not null for share;
    if not found then
        raise exception 'the turn is held by another worker' using errcode = 'SK001';
    end if;
end
$$;
