"""The stage: a strict local Slack, a scripted model over HTTP, a real PostgreSQL, and the bot between them."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import urlsplit

import psycopg
import pytest
from langchain_core.tools import BaseTool
from psycopg import sql
from pydantic import SecretStr

from bot.__main__ import main
from bot.app import Bot, open_bot
from bot.budget import Tier
from bot.database import Pool, embedded_server, migrate, open_pool
from bot.offline_script import offline_script, offline_tools
from bot.script import Script
from bot.scripted import ScriptedModel
from bot.settings import Settings
from bot.slack.local import LocalSlack
from bot.slack.tiers import TIERS
from bot.worker import Limits
from tests.folders import SERVER_FOLDER

QUICK = timedelta(milliseconds=20)
"""The pace of edits where a test is not about pace."""


async def new_database(server: str, name: str) -> str:
    """An empty database on the server with this URL; returns its own URL."""
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))
        await connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return urlsplit(server)._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="session")
def postgres(worker_id: str) -> Iterator[str]:
    """The URL of this process's database on a PostgreSQL server that all processes of the test run share."""
    with asyncio.Runner() as runner:
        server = embedded_server(Path(os.environ[SERVER_FOLDER]))
        url = runner.run(server.__aenter__())
        with psycopg.connect(url, autocommit=True) as connection:
            # A disk that others keep busy is not waited for. What is written outlives the server all the same.
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
        yield runner.run(new_database(url, worker_id))
        runner.run(server.__aexit__(None, None, None))


EMPTY = """
do $$ declare it record; begin
    for it in
        select tablename as name from pg_tables where schemaname = 'public' and tablename not like '%migrations'
        order by tablename <> 'skein_inbox'
    loop
        execute format('delete from %I', it.name);
    end loop;
end $$
"""
"""DELETE, for TRUNCATE takes twenty times as long on tables this small; first the inbox, which refers to others."""


@pytest.fixture
def database_url(postgres: str) -> str:
    """A database without rows."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(EMPTY)
    return postgres


@pytest.fixture
async def pool(database_url: str) -> AsyncGenerator[Pool, None]:
    """The bot's tables, without rows."""
    async with open_pool(database_url) as pool:
        await migrate(pool)
        yield pool


def open_slack() -> AbstractAsyncContextManager[LocalSlack]:
    """A Slack that brings what is not acknowledged again within moments, and that has its limits on."""
    return LocalSlack.open(retry_delays=[timedelta(milliseconds=50)] * 3)


@pytest.fixture
async def slack() -> AsyncGenerator[LocalSlack, None]:
    """A Slack for this test."""
    async with open_slack() as slack:
        yield slack


@dataclass
class Model:
    """The scripted model's server and what it is to say: set `script` in the test."""

    server: ScriptedModel
    script: Script

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncGenerator["Model", None]:
        async with ScriptedModel.open(lambda messages: model.script(messages)) as server:  # noqa: PLW0108 (set later)
            model = cls(server, offline_script(tokens_a_second=None))
            yield model


@pytest.fixture
async def model() -> AsyncGenerator[Model, None]:
    """A model that knows the weather in San Francisco and Los Angeles, until a test tells it what to say."""
    async with Model.open() as model:
        yield model


def settings_on(slack: LocalSlack, model_url: str, database_url: str, folder: Path) -> Settings:
    """The settings of a bot in Socket Mode with this Slack, model and database."""
    return Settings.model_construct(
        slack_api_url=slack.api_url,
        slack_bot_token=SecretStr(slack.bot_token),
        slack_app_token=SecretStr(slack.app_token),
        slack_signing_secret=SecretStr(slack.signing_secret),
        model="openai:scripted",
        openai_api_key=SecretStr("sk-made-up"),
        openai_base_url=model_url,
        database_url=SecretStr(database_url),
        data_dir=folder,
        port=0,
    )


@pytest.fixture
def settings(slack: LocalSlack, model: Model, database_url: str) -> Settings:
    """The settings of a bot in Socket Mode on this stage, whose data folder is never used."""
    return settings_on(slack, model.server.url, database_url, Path("no", "such", "folder"))


def environment(settings: Settings, **changes: str) -> dict[str, str]:
    """The environment that gives a process these settings, and nothing else of the bot's."""
    values = {name.upper(): value for name, value in settings if value is not None}
    revealed = {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in values.items()
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | revealed | changes


Command = Callable[..., Awaitable[int]]


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Run a command of the bot's with these settings, and give its exit code. It cannot be sent signals."""
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bot.log.configure", Mock())
    # Signals are the main thread's.
    monkeypatch.setattr("bot.app.SIGNALS", ())
    return lambda *arguments: asyncio.to_thread(main, arguments)


OpenBot = Callable[..., AbstractAsyncContextManager[Bot]]


OVER_HTTP = os.environ.get("SKEIN_WAY") == "http"
"""Whether the stories' bots are called by Slack, instead of calling it: each story is to hold either way."""


@asynccontextmanager
async def _called(slack: LocalSlack, opening: AbstractAsyncContextManager[Bot]) -> AsyncGenerator[Bot, None]:
    """Have Slack call the bot, while it is there; what another one was called at counts again afterwards."""
    before = slack.events_url
    async with opening as bot:
        slack.events_url = f"http://127.0.0.1:{bot.port}/slack/events"
        yield bot
        slack.events_url = before


@pytest.fixture
def start(settings: Settings, slack: LocalSlack) -> OpenBot:
    """Start a bot on this stage: `async with start():`; keywords change its settings."""

    def start(
        *,
        pace: timedelta = QUICK,
        limits: Limits | None = None,
        tools: Sequence[BaseTool] | None = None,
        own_tools: bool = False,
        tiers: Mapping[str, Tier] = TIERS,
        **changes: object,
    ) -> AbstractAsyncContextManager[Bot]:
        way = {"slack_app_token": None} if OVER_HTTP else {}
        opening = open_bot(
            settings.model_copy(update=way | changes),
            tools=None if own_tools else tools or offline_tools(),
            limits=limits or Limits(pace=pace),
            tiers=tiers,
        )
        return _called(slack, opening) if OVER_HTTP else opening

    return start


@pytest.fixture
async def bot(start: OpenBot) -> AsyncGenerator[Bot, None]:
    """A bot that listens in Socket Mode."""
    async with start() as bot:
        yield bot
