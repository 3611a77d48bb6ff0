"""`bot play`: a Slack on this machine with the bot in it, for trying and developing without a workspace."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from pydantic import SecretStr

from bot.app import open_bot, run_until_stopped
from bot.errors import SettingsError
from bot.offline import NOTICE, with_model
from bot.settings import Settings
from bot.slack.local import LocalSlack


@asynccontextmanager
async def open_playground(settings: Settings, *, port: int) -> AsyncGenerator[LocalSlack, None]:
    """The local Slack with the real bot connected to it over the wire. Raises SettingsError when the port is taken.

    The conversations of one playground are its own: its workspace's id is new each time, and the database is that of
    the settings, so that nothing of an earlier one shows.
    """
    async with AsyncExitStack() as stack:
        chosen, tools = await stack.enter_async_context(with_model(settings))
        note = None if settings.has_model_key else NOTICE
        try:
            slack = await stack.enter_async_context(LocalSlack.open(port=port, note=note))
        except OSError as error:
            raise SettingsError(f"Port {port} cannot be used ({error.strerror}). Choose one with --port.") from error
        changes = {
            "slack_api_url": slack.api_url,
            "slack_bot_token": SecretStr(slack.bot_token),
            "slack_app_token": SecretStr(slack.app_token),
            "port": 0,
        }
        await stack.enter_async_context(open_bot(chosen.model_copy(update=changes), tools=tools))
        yield slack


async def play(settings: Settings, *, port: int) -> None:
    """Run the playground until SIGTERM or SIGINT."""

    def invite(slack: LocalSlack) -> None:
        print(f"Open {slack.url} in a browser. Ctrl-C ends it.", flush=True)  # noqa: T201

    await run_until_stopped(open_playground(settings, port=port), invite)
