-- What the bot is in single channels, as people have set it there. It goes before the file of the administrator's.
create table skein_channels (
    workspace text not null,
    channel text not null,
    setup jsonb not null,
    set_by text not null,
    set_at timestamptz not null default now(),
    primary key (workspace, channel)
);
