"""`bot check`: is everything there that the bot needs? A line for each part, with what to do about it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import yaml
from langgraph.checkpoint.memory import InMemorySaver
from slack_sdk.web.async_client import AsyncWebClient

from bot import database, settings as edge
from bot.app import open_database
from bot.errors import Busy, DatabaseError, PlatformError, SettingsError
from bot.model import translate
from bot.outcomes import note
from bot.servers import open_connections, servers
from bot.settings import Settings
from bot.slack.client import Identity, call, identify, open_client
from bot.thinking import model, open_agent
from bot.words import SENTENCES

MANIFEST = "manifest.yml"
PATIENCE = timedelta(seconds=3)
"""How long it waits for the database."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part: whether it is as it should be, and in a line what it is or what to do."""

    part: str
    fine: bool
    line: str

    def __str__(self) -> str:
        return f"{'ok ' if self.fine else 'BAD'}  {self.part:<9} {self.line}"


def right(part: str, line: str) -> Finding:
    """A part that is as it should be."""
    return Finding(part, fine=True, line=line)


def wrong(part: str, line: str) -> Finding:
    """A part that is not, and what to do about it."""
    return Finding(part, fine=False, line=line)


async def check(settings: Settings) -> bool:
    """Print a finding for each part, as it comes, and tell whether all are fine."""
    fine = True
    async for finding in _findings(settings):
        print(finding, flush=True)  # noqa: T201
        fine = fine and finding.fine
    return fine


async def _findings(settings: Settings) -> AsyncGenerator[Finding, None]:
    lacks = edge.missing_for_slack(settings)
    yield wrong("settings", " ".join(lacks)) if lacks else right("settings", "Nothing is missing.")
    yield await _check_database(settings)
    if settings.slack_bot_token:
        async with open_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url) as client:
            async for finding in _check_slack(settings, client):
                yield finding
    if settings.has_model_key:
        yield await _check_model(settings)
    async for finding in _check_servers(settings):
        yield finding
    yield await _check_agent(settings)


async def _check_database(settings: Settings) -> Finding:
    where = "DATABASE_URL" if settings.database_url else f"the embedded server under {settings.data_dir}"
    try:
        async with open_database(settings, patience=PATIENCE) as pool:
            await database.ping(pool)
    except DatabaseError as error:
        return wrong("database", str(error))
    return right("database", f"PostgreSQL answers ({where}).")


async def _check_slack(settings: Settings, client: AsyncWebClient) -> AsyncGenerator[Finding, None]:
    try:
        identity = await identify(client, patient=False)
    except PlatformError as error:
        yield wrong("token", _refusal("SLACK_BOT_TOKEN", settings, error))
        return
    yield right("token", f"The bot is {identity.user} in {identity.team_name or identity.workspace}.")
    yield _check_scopes(identity)
    if settings.slack_app_token:
        yield await _check_socket(settings, client, settings.slack_app_token.get_secret_value())


async def _check_socket(settings: Settings, client: AsyncWebClient, app_token: str) -> Finding:
    try:
        await call(lambda: client.apps_connections_open(app_token=app_token))
    except PlatformError as error:
        return wrong("socket", _refusal("SLACK_APP_TOKEN", settings, error))
    return right("socket", "Socket Mode is on and the app token is good for it.")


def _check_scopes(identity: Identity) -> Finding:
    lacks = sorted(wanted_scopes() - identity.scopes)
    if not lacks:
        return right("scopes", f"All of {MANIFEST} are granted.")
    return wrong("scopes", f"Missing: {', '.join(lacks)}. Add them to the app and install it again.")


async def _check_model(settings: Settings) -> Finding:
    try:
        answer = await model(settings).ainvoke("Answer with one word: ready?")
    except SettingsError as error:
        return wrong("model", str(error))
    except Exception as error:  # noqa: BLE001 (whatever a provider's client raises is a finding)
        sentence = SENTENCES[note(translate(error))]
        return wrong("model", f"{settings.model}: {sentence} ({type(error).__name__})")
    return right("model", f"{settings.model} answers ({len(answer.text)} characters).")


async def _check_servers(settings: Settings) -> AsyncGenerator[Finding, None]:
    try:
        async with open_connections(servers(settings.mcp_config)) as connections:
            for server in connections:
                if server.tools:
                    yield right("mcp", f"{server.name} answers, with {len(server.tools)} tools.")
                else:
                    yield wrong("mcp", f"{server.name} does not answer, or has no tools. The bot would do without it.")
    except SettingsError as error:
        yield wrong("mcp", str(error))


async def _check_agent(settings: Settings) -> Finding:
    try:
        # Without its tools: servers are a part of their own, and others stand on the workspace and the database.
        async with open_agent(settings, InMemorySaver(), tools=()):
            return right("agent", f"{settings.agent or 'The built-in agent'} opens.")
    except SettingsError as error:
        return wrong("agent", str(error))


def wanted_scopes() -> frozenset[str]:
    """The bot scopes of the manifest: beside the package in a checkout, inside it where it is installed."""
    package = Path(__file__).parent
    path = next(path for path in (package.parent / MANIFEST, package / MANIFEST) if path.exists())
    manifest = cast("dict[str, Any]", yaml.safe_load(path.read_text("utf-8")))
    return frozenset(manifest["oauth_config"]["scopes"]["bot"])


def _refusal(name: str, settings: Settings, error: PlatformError) -> str:
    if isinstance(error, Busy):
        return f"Slack does not answer at {settings.slack_api_url}. Check SLACK_API_URL and the network."
    return f"Slack refuses {name} ({error.code}). {edge.MENDS[name.lower()]}"
