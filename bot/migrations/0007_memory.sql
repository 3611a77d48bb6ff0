-- What the memory and its turns cost.

-- What was spent in the last minute need not survive a crash of PostgreSQL, and taking a call need not wait for the disk.
alter table skein_budgets set unlogged;

-- Keeps the newest checkpoints of a conversation, `the_count` of them, and deletes what only older ones refer to. Called
-- after each turn by its holder; to be cheap, it does nothing until there is a fifth more.
create function skein_trim(the_thread text, the_count int) returns void language plpgsql as $$
declare
    oldest text;
begin
    perform from checkpoints where thread_id = the_thread and checkpoint_ns = ''
    order by checkpoint_id desc offset the_count + the_count / 5 limit 1;
    if not found then
        return;
    end if;
    -- A `DeltaChannel` of somebody's own graph reads what its older checkpoints wrote: nothing of it may go.
    perform from checkpoints where thread_id = the_thread and metadata ? 'counters_since_delta_snapshot' limit 1;
    if found then
        return;
    end if;
    -- Their ids rise with time, those of subgraphs as well.
    select checkpoint_id into oldest from checkpoints where thread_id = the_thread and checkpoint_ns = ''
    order by checkpoint_id desc offset the_count - 1 limit 1;
    -- The namespace of a subgraph's one run holds a colon; one without is a subgraph's lasting memory, whose newest stays.
    delete from checkpoints as old
    where thread_id = the_thread and checkpoint_id < oldest and (
        checkpoint_ns = '' or checkpoint_ns like '%:%' or checkpoint_id < (
            select max(checkpoint_id) from checkpoints
            where thread_id = the_thread and checkpoint_ns = old.checkpoint_ns));
    delete from checkpoint_writes as written
    where thread_id = the_thread and checkpoint_id < oldest and not exists (
        select from checkpoints where thread_id = the_thread and checkpoint_ns = written.checkpoint_ns
        and checkpoint_id = written.checkpoint_id);
    delete from checkpoint_blobs as stored
    where thread_id = the_thread and not exists (
        select from checkpoints where thread_id = the_thread and checkpoint_ns = stored.checkpoint_ns
        and checkpoint -> 'channel_versions' ->> stored.channel = stored.version);
end
$$;
