-- What people think of answers: one word a person and answer, the last one, with what they said about it.
create table skein_feedback (
    turn bigint not null,
    who text not null,
    lane text not null,
    is_good boolean not null,
    why text not null default '',
    model text not null,             -- who answered: the model, or the graph of one's own
    versions jsonb not null,         -- of what wrote the answer
    rated_at timestamptz not null default now(),
    primary key (turn, who)
);
