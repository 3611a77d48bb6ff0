-- Somebody asks without an audience: by a shortcut on a message, or by a command. The question gets a thread in their direct
-- messages with the bot; that is begun by a turn of its own, in a lane that holds nothing else.

alter table skein_errands drop constraint skein_errands_kind_check;
alter table skein_errands add check (kind in ('forget', 'forget_answer', 'branch', 'ask'));
create unique index one_question_a_gesture on skein_errands (lane, ts) where kind = 'ask';

create function skein_ask_privately(the_lane text, the_ts numeric, the_body text) returns void language plpgsql as $$
begin
    insert into skein_conversations (lane, since) values (the_lane, the_ts) on conflict (lane) do nothing;
    perform from skein_conversations where lane = the_lane for no key update;
    perform skein_errand(the_lane, null, 'ask', the_ts, the_body, null, '{}');
end
$$;
