"""A bot's client, the unmodified slack_sdk, and how a refusal looks to it."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.local import LocalSlack

Client = Any
"""An AsyncWebClient. Its answers are typed as perhaps None at every step; tests say what they expect by asserting."""


def client_of(slack: LocalSlack, session: aiohttp.ClientSession | None = None, token: str | None = None) -> Client:
    """A client with the bot's token, or with another."""
    return AsyncWebClient(slack.bot_token if token is None else token, base_url=slack.api_url, session=session)


async def refused(client: Client, method: str, **args: Any) -> str:
    """The word with which the call is refused."""
    return str((await refusal(client, method, **args))["error"])


async def refusal(client: Client, method: str, **args: Any) -> dict[str, Any]:
    """The whole answer with which the call is refused."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=args)
    answer: Any = caught.value
    return answer.response.data
