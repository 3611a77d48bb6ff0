-- What people stopped: a turn, and who said so first. Nothing refers to a turn for long, so rows are swept by their age.
create table skein_stops (
    turn bigint primary key,
    who text not null,
    stopped_at timestamptz not null default now()
);

-- Heard by every worker; the one that has the turn looks here for who it was.
create function skein_stop(the_turn bigint, the_who text) returns void language sql as $$
    insert into skein_stops (turn, who) values (the_turn, the_who) on conflict do nothing;
    select pg_notify('skein_inbox', 'stop');
$$;
