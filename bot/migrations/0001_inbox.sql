-- The inbox: every message that is addressed to the bot, from its arrival to its answer.

-- A conversation that the bot has a part in. Follow-ups in it need no mention.
create table skein_conversations (
    lane text primary key,  -- workspace/channel/thread
    topic text,             -- the ts of the "new topic" that a direct message was last started afresh with
    created_at timestamptz not null default now()
);

create table skein_inbox (
    id bigint generated always as identity primary key,
    lane text not null references skein_conversations,
    channel text not null,  -- workspace/channel
    ts numeric(20, 6) not null,
    client_msg_id text,
    author text not null,
    body text not null,
    state text not null default 'waiting' check (state in ('waiting', 'running', 'done')),
    pages text[] not null default '{}',  -- the ts of the messages that its answer was begun in
    worker text,
    leased_until timestamptz,
    received_at timestamptz not null default now(),
    finished_at timestamptz,
    -- A mention comes as two events and Slack repeats both; channel and ts name the message for good.
    constraint one_row_a_message unique (channel, ts)
);

-- One gesture can arrive as two messages that differ in their ts.
create unique index one_row_a_gesture on skein_inbox (channel, client_msg_id) where client_msg_id is not null;

-- Two turns of one conversation at once would lose messages in its memory: here they cannot be.
create unique index one_turn_a_conversation on skein_inbox (lane) where state = 'running';

create index what_waits on skein_inbox (lane, ts) where state = 'waiting';
