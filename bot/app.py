"""The bot, put together: everything opened in order, run in one task group, closed in reverse.

The only file that knows all the others.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

import structlog
from aiohttp import web
from langchain_core.tools import BaseTool
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot import database
from bot.affairs import Affairs
from bot.budget import Budget, Tier
from bot.changes import Changes
from bot.channels import channels
from bot.checkpoints import FencedSaver
from bot.database import PATIENCE, Pool, embedded_server, migrate, open_pool, open_store
from bot.health import Health, open_site
from bot.inbox import Inbox
from bot.judge import Judge, model_judge
from bot.pictures import takes_pictures
from bot.preferences import Preferences
from bot.private_questions import PrivateQuestions
from bot.ratings import Ratings
from bot.reminders import Reminders, reminding
from bot.requests import Requests
from bot.scheduling import scheduling
from bot.settings import Settings
from bot.setups import Setups
from bot.slack.adapter import SlackAdapter
from bot.slack.agent_view import AgentView
from bot.slack.asking import Asking
from bot.slack.client import Identity, identify, open_client
from bot.slack.deciding import Decisions
from bot.slack.files import Files
from bot.slack.gestures import Gestures
from bot.slack.home import Home
from bot.slack.http import PATH, Ingress
from bot.slack.listeners import build_app
from bot.slack.native import NativeAdapter
from bot.slack.people import People
from bot.slack.rating import Rating
from bot.slack.recalling import Recall
from bot.slack.room import Room
from bot.slack.sessions import Sessions
from bot.slack.setting_up import SetupForm
from bot.slack.sharing import Sharing
from bot.slack.socket import open_sockets
from bot.slack.tiers import TIERS
from bot.slack.tools import Surroundings
from bot.slack.whispers import Whispers
from bot.thinking import model, one_model, open_agent
from bot.traces import Traces
from bot.worker import Limits, Worker, working

log = structlog.get_logger()

T = TypeVar("T")

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that is listening: who it is, and the port of its health pages (and of its way in over HTTP)."""

    identity: Identity
    port: int


@asynccontextmanager
async def open_database(
    settings: Settings, url: str | None = None, patience: timedelta = PATIENCE
) -> AsyncGenerator[Pool, None]:
    """The database at `url`, or that of DATABASE_URL, or the embedded one under DATA_DIR."""
    async with AsyncExitStack() as stack:
        address = url or _revealed(settings.database_url)
        if address is None:
            address = await stack.enter_async_context(embedded_server(settings.data_dir))
        yield await stack.enter_async_context(open_pool(address, patience))


@asynccontextmanager
async def open_bot(
    settings: Settings,
    *,
    tools: Sequence[BaseTool] | None = None,
    limits: Limits | None = None,
    tiers: Mapping[str, Tier] = TIERS,
) -> AsyncGenerator[Bot, None]:
    """The bot, listening and answering while the block runs. `tools`, `limits` and `tiers` replace its own.

    On leaving it takes no new events, lets running turns end or gives them back, and closes what it opened. Raises
    SettingsError, DatabaseError or PlatformError when it cannot start.
    """
    async with AsyncExitStack() as stack:
        health = Health("database", "slack", "listening")
        # Socket Mode needs no way in, and HTTP no socket: the app token decides.
        ingress = None if settings.slack_app_token else Ingress(_revealed(settings.slack_signing_secret) or "")
        site = _site(health, ingress)
        port = await stack.enter_async_context(open_site(site, settings.bind_address, settings.port))
        pool = await stack.enter_async_context(open_database(settings))
        health.add("database", lambda: database.ping(pool))
        memory = await migrate(pool)
        store = await stack.enter_async_context(open_store(pool))
        client = await stack.enter_async_context(
            open_client(_revealed(settings.slack_bot_token) or "", settings.slack_api_url)
        )
        health.add("slack", lambda: identify(client, patient=False))
        identity = await identify(client)
        budget = Budget(pool, identity.workspace, tiers)
        people = People(client, budget)
        files = _files(settings, client)
        # What an agent's people look at comes with their messages, and holds for no longer.
        preferences = Preferences(pool, identity.workspace, *([timedelta(0)] if identity.is_agent else []))
        room = Room(client, budget, people, files, preferences, me=identity.user)
        fenced = partial(FencedSaver, pool, keep=settings.checkpoints)
        reminders = Reminders(pool, identity.workspace)
        around = (
            []
            if tools is not None
            else [
                *Surroundings(client, budget, room).tools(),
                *Sharing(client, budget, identity.user).tools(),
                *scheduling(reminders),
            ]
        )
        setups = Setups(channels(settings.channels_config), pool, identity.workspace)
        thinking = open_agent(
            settings, memory, tools, fenced=fenced, store=store, more=around, look=files.look, setups=setups
        )
        agent = await stack.enter_async_context(thinking)
        chosen = limits or _limits(settings)
        judge = _judge(settings, identity)
        inbox = Inbox(pool, lease=chosen.lease, judges=judge is not None)
        changes = Changes(inbox, pool)
        traces = Traces(pool)
        requests = Requests(pool, settings.deciders)
        worker = Worker(
            inbox,
            agent=agent,
            adapters=_adapters(settings, client, budget, identity),
            room=room,
            limits=chosen,
            requests=requests,
            traces=traces,
            judge=judge,
        )
        await stack.enter_async_context(working(worker))
        await stack.enter_async_context(reminding(reminders))
        whispers = Whispers(client, budget)
        gestures = Gestures(
            inbox,
            changes,
            Recall(whispers, changes),
            Rating(client, budget, Ratings(pool, partial(_answers_in, settings, setups)), traces),
            SetupForm(client, budget, setups, _offered(settings, setups), agent.tools),
            Decisions(client, budget, requests, whispers),
        )
        listeners = build_app(
            client,
            identity,
            inbox,
            changes=changes,
            waiting=worker.note_waiting,
            names=lambda: people.names,
            setups=setups,
            gestures=gestures,
            asking=Asking(client, budget, identity, PrivateQuestions(pool, identity.workspace)),
            home=Home(
                client,
                budget,
                identity,
                Affairs(pool, identity.workspace),
                preferences,
                reminders,
                store,
                tuple(agent.tools),
                AgentView(client, budget, identity, changes),
            ),
            views=preferences.set_viewing,
        )
        if ingress is None:
            app_token = _revealed(settings.slack_app_token) or ""
            health.add("listening", await stack.enter_async_context(open_sockets(listeners, app_token)))
        else:
            ingress.serve(listeners)
            health.add("listening", ingress.ping)
        log.info("listening", workspace=identity.workspace, bot=identity.user, port=port)
        yield Bot(identity, port)
        log.info("stopping")


async def serve(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT."""
    await run_until_stopped(open_bot(settings))


async def run_until_stopped(
    opening: AbstractAsyncContextManager[T], ready: Callable[[T], object] = lambda _: None
) -> None:
    """Open a resource, tell `ready` of it, and close it at SIGTERM or SIGINT.

    A second signal, or one while it still opens, stops at once.
    """
    started, stop = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with opening as opened:
            ready(opened)
            started.set()
            await stop.wait()

    def on_signal() -> None:
        if stop.is_set() or not started.is_set():
            running.cancel()
        stop.set()

    running = asyncio.ensure_future(run())
    for name in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(name, on_signal)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def _adapters(settings: Settings, client: AsyncWebClient, budget: Budget, identity: Identity) -> Sequence[SlackAdapter]:
    sessions = Sessions(client, budget, shown=identity.is_agent)
    if settings.streaming == "edit":
        return (SlackAdapter(client, budget, sessions=sessions),)
    me = identity.user
    edits = SlackAdapter(client, budget, me, sessions=sessions)
    return (edits, NativeAdapter(client, budget, me, settings.streaming, sessions=sessions))


def _judge(settings: Settings, identity: Identity) -> Judge | None:
    return model_judge(one_model(settings, settings.judge_model), identity.name) if settings.judge_model else None


def _files(settings: Settings, client: AsyncWebClient) -> Files:
    most_bytes = int(settings.file_megabytes * 1_000_000)
    return Files(
        client,
        most_bytes=most_bytes,
        most_characters=settings.file_characters,
        takes_pictures=settings.agent is None and settings.has_model_key and takes_pictures(model(settings)),
    )


def _offered(settings: Settings, setups: Setups) -> Sequence[str]:
    """The models that people may choose for a channel: those that the administrator has named somewhere."""
    if settings.agent is not None:
        return ()
    return [*dict.fromkeys([*settings.models, *filter(None, (setup.model for setup in setups.of_file.values()))])]


async def _answers_in(settings: Settings, setups: Setups, channel: str) -> str:
    """What answers in a channel."""
    return settings.agent or (await setups.of(channel)).model or settings.model


def _limits(settings: Settings) -> Limits:
    return Limits(
        concurrency=settings.concurrency,
        grace=timedelta(seconds=settings.grace_seconds),
        keep=timedelta(days=settings.inbox_days),
    )


def _site(health: Health, ingress: Ingress | None) -> web.Application:
    site = web.Application()
    site.router.add_get("/livez", health.livez)
    site.router.add_get("/readyz", health.readyz)
    if ingress:
        site.router.add_post(PATH, ingress.receive)
    return site


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
