"""What stands in a thread from some message on, asked of Slack in one call."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.tiers import HISTORY, REPLIES

NEWEST = 100


def since(
    client: AsyncWebClient, channel: str, thread_ts: str | None, ts: str
) -> tuple[str, Callable[[], Awaitable[Any]]]:
    """The method and the request for the newest messages since `ts`, their metadata with them.

    Without a `thread_ts` it is the top level of a direct message.
    """
    where: dict[str, Any] = {"channel": channel, "oldest": ts, "limit": NEWEST, "include_all_metadata": True}
    if thread_ts is None:
        return HISTORY, lambda: client.conversations_history(**where)
    return REPLIES, lambda: client.conversations_replies(**where, ts=thread_ts)
