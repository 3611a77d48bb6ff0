-- Somebody wants an answer once more.

-- Has a turn's messages wait again, unless they do; tells whether the turn is known in that channel and of the present
-- course. Asked `afresh`, or where the conversation went on meanwhile, it goes back to before them: they count as changed,
-- by so little that each change by their author is later. Else their answer is gone on with where it broke off.
create function skein_try_again(the_workspace text, the_channel text, the_turn bigint, afresh boolean)
returns boolean language plpgsql as $$
declare
    its_lane text;
    runs boolean;
begin
    select lane into its_lane from skein_told
    where turn = the_turn and superseded_by is null and workspace = the_workspace and channel = the_channel limit 1;
    if its_lane is null then
        return false;
    end if;
    -- Locked, so that the turn neither ends nor begins meanwhile.
    select turn is not distinct from the_turn into runs from skein_conversations where lane = its_lane for no key update;
    if afresh or exists (
        select from skein_answers where lane = its_lane and turn > the_turn and superseded_by is null
    ) then
        update skein_inbox set edited = coalesce(edited, ts) + 0.000001
        where channel = the_workspace || '/' || the_channel and turn = the_turn and state <> 'waiting';
    end if;
    if runs then
        update skein_conversations set is_revised = true where lane = its_lane;
        perform pg_notify('skein_inbox', 'stop');
    else
        perform skein_answer_again(its_lane, the_turn);
        perform pg_notify('skein_inbox', '');
    end if;
    return true;
end
$$;
