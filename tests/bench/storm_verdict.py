"""What the storm left behind, looked at from outside: Slack's messages, the memories, the inbox."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import BaseCheckpointSaver

from bot.database import Pool
from bot.memory import remembered
from bot.slack.local import LocalSlack
from bot.words import UNREAD
from tests.bench.storm_people import Talk
from tests.bench.storm_script import ANSWER, numbers_in

LINES = ("\nUsed look_up", f"\n{UNREAD} · Used look_up", f"\n{UNREAD}")
"""What may stay under an answer: the tool, and that the thread could not be read, as Slack fails at times."""

# Notes when each message was taken: only what had arrived by then can be expected to be answered before the rest.
WATCH = """
create table storm_taken (ts numeric, channel text, turn bigint, at timestamptz);
create function storm_note() returns trigger language plpgsql as $$
begin
    insert into storm_taken
    select new.ts, new.channel, turn, clock_timestamp() from skein_conversations where lane = new.lane;
    return null;
end
$$;
create trigger storm_note after update of state on skein_inbox
for each row when (new.state = 'taken') execute function storm_note();
"""

# A message that was there a second before a later one was taken, and was taken after it.
_OVERTAKEN = """
select count(*) as messages from skein_inbox early
join storm_taken early_taken on early_taken.ts = early.ts and early_taken.channel = early.channel
where exists (
    select from skein_inbox late
    join storm_taken late_taken on late_taken.ts = late.ts and late_taken.channel = late.channel
    where late.lane = early.lane and late.ts > early.ts and late_taken.turn < early_taken.turn
    and early.received_at + interval '1 second' < late_taken.at)
"""

_LATE = """
select count(*) as messages from skein_inbox early where exists (
    select from skein_inbox late
    join storm_taken taken on taken.ts = late.ts and taken.channel = late.channel
    where late.lane = early.lane and late.ts > early.ts and early.received_at > taken.at)
"""

LEFT = "select count(*) as messages from skein_inbox where state <> 'done'"
_TURNS = "select count(distinct turn) as messages from storm_taken"


@dataclass(slots=True)
class Verdict:
    """Each list names what is wrong; all are empty after a storm that was weathered."""

    lost: list[int] = field(default_factory=list[int])
    doubled: list[int] = field(default_factory=list[int])
    broken: list[str] = field(default_factory=list[str])
    """Messages of the bot's that are no whole answer."""
    disordered: list[str] = field(default_factory=list[str])
    misplaced: list[int] = field(default_factory=list[int])
    """Answered in another conversation."""
    misremembered: list[str] = field(default_factory=list[str])
    answers: int = 0
    figures: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        wrong: Iterable[Sequence[object]] = (
            self.lost, self.doubled, self.broken, self.disordered, self.misplaced, self.misremembered,
        )  # fmt: skip
        return not any(wrong)


async def count(pool: Pool, query: str) -> int:
    """What a query counts."""
    async with pool.connection() as connection:
        row = await (await connection.execute(query.encode())).fetchone()
    return int(row["messages"]) if row else 0


async def judge(slack: LocalSlack, talks: Sequence[Talk], pool: Pool, memory: BaseCheckpointSaver[Any]) -> Verdict:
    """Compare what was said with what was answered and what is remembered."""
    verdict = Verdict()
    for talk in talks:
        if talk.said:
            _judge_answers(verdict, talk, [reply.body for reply in slack.replies(talk.channel, talk.thread)])
            await _judge_memory(verdict, slack, talk, memory)
    if overtaken := await count(pool, _OVERTAKEN):
        verdict.disordered.append(f"{overtaken} messages were taken after later ones, though they had long waited")
    verdict.figures = {
        "turns": await count(pool, _TURNS),
        "messages that arrived after a later one was taken": await count(pool, _LATE),
    }
    return verdict


def _judge_answers(verdict: Verdict, talk: Talk, bodies: Sequence[str]) -> None:
    answered: Counter[int] = Counter()
    for body in bodies:
        line = next(filter(body.endswith, LINES), "")
        found = ANSWER.fullmatch(re.sub(r"\s+", " ", body.removesuffix(line)).strip())
        if found is None:
            verdict.broken.append(f"{talk.channel}/{talk.thread}: {body[:60]!r} … {body[-40:]!r}")
            continue
        verdict.answers += 1
        numbers = numbers_in([found[1]])
        answered.update(numbers)
        if any(talk.said.get(before, "") > talk.said.get(after, "") for before, after in pairwise(numbers)):
            verdict.disordered.append(f"{talk.channel}/{talk.thread}: {found[1]}")
    verdict.lost += [number for number in talk.said if number not in answered]
    verdict.doubled += [number for number, times in answered.items() if times > 1]
    verdict.misplaced += [number for number in answered if number not in talk.said]


async def _judge_memory(verdict: Verdict, slack: LocalSlack, talk: Talk, memory: BaseCheckpointSaver[Any]) -> None:
    lane = f"{slack.team_id}/{talk.channel}/{talk.thread or 'dm'}"
    kept = await memory.aget_tuple({"configurable": {"thread_id": lane}})
    messages = remembered(kept.checkpoint["channel_values"] if kept else {})
    asked = Counter(message.id for message in messages if isinstance(message, HumanMessage))
    if asked != Counter(talk.said.values()):
        missing = set(talk.said.values()) - asked.keys()
        twice = [ts for ts, times in asked.items() if times > 1]
        verdict.misremembered.append(f"{lane}: missing {sorted(missing)}, more than once {twice}")
    told = [str(message.text) for message in messages if isinstance(message, AIMessage) and not message.tool_calls]
    answered = numbers_in([found[1] for text in told if (found := ANSWER.fullmatch(text))])
    if sorted(answered) != sorted(talk.said):
        verdict.misremembered.append(f"{lane}: of the answers {sorted(talk.said)}, it knows {sorted(answered)}")
