"""Whatever people do to their messages, the memory and the screen are what a plain model of the conversation says."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, strategies as st
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from bot.app import open_bot
from bot.forgetting import DELETED, DELETED_ANSWER
from bot.memory import remembered
from bot.platform import Act
from bot.script import Gate, Say, Wire
from bot.serde import serializer
from bot.slack.local import LocalSlack
from bot.slack.recalling import DELETE
from bot.worker import Limits
from tests.laws import examples_on_real_parts
from tests.stage import QUICK, Model, settings_on
from tests.stories.speech import LEFT, bodies, echo, press

STOPPED = "Stopped by Grace"

BUSY = """
select (select count(*) from skein_inbox where state in ('waiting', 'taken'))
    + (select count(*) from skein_errands) + (select count(*) from skein_conversations where turn is not null)
"""


@dataclass(eq=False)
class Said:
    """A message, and what stands in the message that answers it; None where people have deleted either."""

    ts: str
    text: str | None
    answer: str | None = None
    is_left: bool = False
    is_stopped: bool = False

    @property
    def shown(self) -> str:
        return f"{self.answer}\n{STOPPED}" if self.is_stopped else str(self.answer)

    def memory(self) -> list[str]:
        return [DELETED if self.text is None else self.text, DELETED_ANSWER if self.answer is None else self.answer]


@dataclass
class Plain:
    """The conversation as lists: what it knows, and all that was ever said."""

    course: list[Said] = field(default_factory=list[Said])
    said: list[Said] = field(default_factory=list[Said])
    replies: list[Said] = field(default_factory=list[Said])
    """Those whose answer stands in the thread, in its order."""

    def ask(self, said: Said) -> None:
        """It is answered at the end of the course, by an echo."""
        heard = sum(len(one.memory()) for one in self.course) + 1
        said.answer, said.is_left, said.is_stopped = f"{heard}: {said.text}", False, False
        self.course.append(said)
        if said not in self.replies:
            self.replies.append(said)

    def again(self, said: Said) -> None:
        """It is answered anew where it stands, and what came later is left."""
        at = self.course.index(said) if said in self.course else len(self.course)
        for later in self.course[at + 1 :]:
            later.is_left = True
        del self.course[at:]
        self.ask(said)

    @property
    def memory(self) -> list[str]:
        return [text for said in self.course for text in said.memory()]

    @property
    def screen(self) -> list[str]:
        return [LEFT if said.is_left else said.shown for said in self.replies]


class Talk:
    """A thread of Ada's with a bot, and what it is to be."""

    def __init__(self, slack: LocalSlack, database_url: str, restart: Callable[[], Awaitable[None]]) -> None:
        self.slack = slack
        self.url = database_url
        self.restart = restart
        self.plain = Plain()
        self.holds = set[str]()

    def script(self, messages: list[Wire]) -> Say:
        """A model that echoes, and of what is held comes to no end."""
        said = echo(messages)
        text = str(messages[-1]["content"])
        return Say([str(said.text), Gate()]) if any(text.endswith(held) for held in self.holds) else said

    @property
    def root(self) -> str:
        return self.plain.said[0].ts

    async def say(self, number: int, what: str = "message") -> None:
        text = f"{what} {number}"
        thread = self.root if self.plain.said else None
        ts = await self.slack.say("ada", "general", text if thread else f"@skein {text}", thread=thread)
        self.plain.said.append(said := Said(ts, text))
        self.plain.ask(said)

    async def stop(self, number: int) -> None:
        """Say something, and have the answer stopped while it is written."""
        self.holds.add(f"held {number}")
        await self.say(number, "held")
        said = self.plain.said[-1]
        assert said.text
        await self.slack.until(lambda: bodies(self.slack, "general", self.root)[-1:] == [said.answer])
        await press(self.slack, "grace", "general", Act.STOP, self.root)
        said.is_stopped = True
        await self.slack.until(lambda: bodies(self.slack, "general", self.root)[-1:] == [said.shown])
        self.holds.clear()

    async def edit(self, said: Said, number: int) -> None:
        text = f"changed {number}"
        await self.slack.edit("ada", "general", said.ts, f"@skein {text}" if said.ts == self.root else text)
        said.text = text
        self.plain.again(said)

    async def again(self, said: Said) -> None:
        act = Act.RETRY if said.is_stopped else Act.AGAIN
        await press(self.slack, "grace", "general", act, self.root, at=self.plain.replies.index(said))
        if said.text is not None:
            self.plain.again(said)

    async def delete(self, said: Said) -> None:
        await self.slack.delete("ada", "general", said.ts)
        said.text = None

    async def delete_answer(self, said: Said) -> None:
        reply = self.slack.replies("general", self.root)[self.plain.replies.index(said)]
        await self.slack.shortcut("ada", "general", reply.ts, DELETE)
        said.answer = None
        self.plain.replies.remove(said)

    async def settle(self) -> None:
        """Wait until everything was heard and done."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            await self.slack.until(lambda: not self.slack.unacknowledged)
            while (await (await connection.execute(BUSY)).fetchone()) != (0,):  # the database tells nobody
                await asyncio.sleep(0.005)
                await self.slack.until(lambda: not self.slack.unacknowledged)

    async def check(self) -> None:
        await self.settle()
        assert bodies(self.slack, "general", self.root) == self.plain.screen
        thread = f"{self.slack.team_id}/{self.slack.channel('general').id}/{self.root}"
        async with AsyncPostgresSaver.from_conn_string(self.url, serde=serializer()) as saver:
            found = await saver.aget_tuple({"configurable": {"thread_id": thread}})
        messages = remembered(found.checkpoint["channel_values"] if found else {})
        assert [str(message.text) for message in messages] == self.plain.memory


WAYS = ("socket", "http", "two replicas")
ACTS = ("say", "edit", "again", "delete", "delete_answer", "stop", "restart")


acts = st.tuples(st.sampled_from(ACTS), st.integers(0, 9))


async def do(talk: Talk, act: str, which: int, number: int) -> None:
    """Do that, to one of the messages that it can be done to; nothing if there is none."""
    said = talk.plain.said
    kept = [one for one in said if one.text is not None]
    answered = [one for one in said if one.answer is not None and not one.is_left]
    match act:
        case "edit" if kept:
            await talk.edit(kept[which % len(kept)], number)
        case "again" if answered:
            await talk.again(answered[which % len(answered)])
        case "delete" if kept and (talk.plain.replies or len(kept) > 1):  # else nothing is left to reply to
            await talk.delete(kept[which % len(kept)])
        case "delete_answer" if answered:
            await talk.delete_answer(answered[which % len(answered)])
        case "stop":
            await talk.stop(number)
        case "restart":
            await talk.restart()
        case _:
            await talk.say(number)


@asynccontextmanager
async def open_talk(database_url: str, folder: Path, way: str) -> AsyncGenerator[Talk, None]:
    """A talk with a bot that Slack reaches that `way`, or with two of them."""
    async with LocalSlack.open() as slack, Model.open() as model, AsyncExitStack() as bots:
        settings = settings_on(slack, model.server.url, database_url, folder)
        if way == "http":
            settings = settings.model_copy(update={"slack_app_token": None})

        async def restart() -> None:
            await bots.aclose()
            for _ in range(2 if way == "two replicas" else 1):
                bot = await bots.enter_async_context(open_bot(settings, tools=[], limits=Limits(pace=QUICK)))
                if way == "http":
                    slack.events_url = f"http://127.0.0.1:{bot.port}/slack/events"

        talk = Talk(slack, database_url, restart)
        model.script = talk.script
        await restart()
        yield talk


@pytest.mark.laws
def test_the_memory_and_the_screen_are_what_a_plain_model_says(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.folding.SETTLING", 400)  # 20 tokens: a turn or two

    @examples_on_real_parts(5)
    @given(
        st.sampled_from(WAYS), st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 9)), min_size=3, max_size=10)
    )
    def law(way: str, done: list[tuple[str, int]]) -> None:
        async def play() -> None:
            async with open_talk(database_url, tmp_path, way) as talk:
                await talk.say(0)
                await talk.check()
                for number, (act, which) in enumerate(done, 1):
                    await do(talk, act, which, number)
                    await talk.check()

        asyncio.run(play())

    law()
