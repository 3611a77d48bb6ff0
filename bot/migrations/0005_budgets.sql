-- How often the platform was called: a sliding window for each method of a workspace (and channel), which all replicas
-- share. A statement locks the row for as long as it runs and nobody waits for a call with a lock in hand.
-- Times are seconds since 1970 by this server's clock, so that the replicas' clocks do not matter.
create table skein_budgets (
    scope text primary key,
    -- How many calls a span has room for at present: what is documented, or less since a refusal.
    calls int not null,
    lowered_at double precision not null default 0,
    closed_until double precision not null default 0,
    taken double precision[] not null default '{}',
    -- How many answers each worker is writing, and when it said so: {worker: [answers, when]}.
    writers jsonb not null default '{}'
) with (fillfactor = 50);

-- Takes `cost` calls (0 only looks) unless fewer than one is left beside what is kept: a call for each answer that is
-- being written, if `is_draft`, since its final text must find room. Returns the seconds to wait (0: taken), the ages of
-- the calls in the window, the present limit and how many answers other workers write.
create function skein_spend(
    the_scope text, full_calls int, span double precision, cost int, is_draft boolean, who text, writing int
) returns table (wait double precision, ages double precision[], calls int, others int) language plpgsql as $$
declare
    budget skein_budgets;
    at double precision;
    room int;
    used int;
begin
    select * into budget from skein_budgets where scope = the_scope for update;
    if not found then
        insert into skein_budgets (scope, calls) values (the_scope, full_calls) on conflict do nothing;
        select * into budget from skein_budgets where scope = the_scope for update;
    end if;
    at := extract(epoch from clock_timestamp());
    budget.taken := array(select taken from unnest(budget.taken) with ordinality as was (taken, place)
        where taken > at - span order by place);
    used := cardinality(budget.taken);
    -- Back to the whole in steps of a tenth, one a span.
    calls := least(full_calls, budget.calls + ceil(full_calls * 0.1) * floor((at - budget.lowered_at) / span));
    select coalesce(sum((said.value ->> 0)::int), 0) into others from jsonb_each(budget.writers) said
    where said.key <> who and (said.value ->> 1)::double precision > at - 15;
    room := calls - case when is_draft then writing + others else 0 end;
    wait := case
        when at < budget.closed_until then budget.closed_until - at
        when used < room then 0
        when room < 1 then span
        else greatest(budget.taken[used + 1 - room] + span - at, 0.001)
    end;
    if wait = 0 and cost > 0 then
        budget.taken := budget.taken || array_fill(at, array[cost]);
    end if;
    if is_draft then
        select coalesce(jsonb_object_agg(said.key, said.value), '{}') || jsonb_build_object(who, jsonb_build_array(writing, at))
        into budget.writers from jsonb_each(budget.writers) said
        where (said.value ->> 1)::double precision > at - 15;
    end if;
    update skein_budgets set taken = budget.taken, writers = budget.writers where scope = the_scope;
    ages := array(select at - taken from unnest(budget.taken) with ordinality as was (taken, place) order by place);
    return next;
end
$$;

-- The platform refused a call: nobody calls before that time, and from then on less often than it bore until now, but
-- not less than half as often: one refusal may have other reasons. What was under way at the same moment and is refused
-- as well lowers it no further.
create function skein_refused(the_scope text, full_calls int, span double precision, retry_after double precision)
returns void language plpgsql as $$
declare
    at double precision := extract(epoch from clock_timestamp());
    borne int;
begin
    select count(*) into borne from skein_budgets, unnest(taken) as was (taken)
    where scope = the_scope and was.taken > at - span;
    update skein_budgets set
        calls = case when at < closed_until then calls
            else greatest(ceil(full_calls * 0.1), least(calls - 1, greatest(calls / 2, floor(borne * 0.8)))) end,
        lowered_at = at,
        closed_until = greatest(closed_until, at + retry_after)
    where scope = the_scope;
end
$$;
