"""Tools that look around in the workspace: for who asks, and no further than they may look themselves."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.conversation import Conversation
from bot.errors import PlatformError
from bot.slack.client import call
from bot.slack.people import is_guest
from bot.slack.room import Room
from bot.slack.tiers import CHANNELS_OF, HISTORY, USERS

READ_CHANNEL = "read_channel"
READ_PURPOSE = (
    "Read the newest messages of a channel: of the one that you are asked in, beside this thread, of the one that who "
    "asks is looking at in a private conversation, or of another that they are in, by its name."
)
FIND_PEOPLE = "find_people"
FIND_PURPOSE = "Find people of this workspace by a part of their name or their job title."
NEWEST = 50
PEOPLE_MOST = 20
LIFETIME = timedelta(hours=1)
PAGE, PAGES = 200, 25
"""How many people or channels are asked for at once, and how often: 5,000 in all."""
PUBLIC = "public_channel"
CHANNELS = f"{PUBLIC},private_channel"


@dataclass(slots=True)
class Surroundings:
    """The workspace around a conversation, as far as who asks may see it."""

    client: AsyncWebClient
    budget: Budget
    room: Room
    _members: Sequence[Mapping[str, Any]] = ()
    _members_until: float = 0.0

    def tools(self) -> list[BaseTool]:
        """The tools `read_channel` and `find_people`."""
        return [
            StructuredTool.from_function(coroutine=self._read, name=READ_CHANNEL, description=READ_PURPOSE),
            StructuredTool.from_function(coroutine=self._find, name=FIND_PEOPLE, description=FIND_PURPOSE),
        ]

    async def _read(self, config: RunnableConfig, channel: str = "", newest: int = NEWEST) -> str:
        asked = config.get("configurable", {})
        place = await self._channel_of(asked, channel) if channel.strip("# ") else _channel_here(asked)
        await self._take(HISTORY, place)
        limit = max(1, min(newest, NEWEST))
        response = await _asked(lambda: self.client.conversations_history(channel=place, limit=limit))
        there = Conversation(str(asked["workspace"]), place, "")
        messages = await self.room.heard(there, reversed(response["messages"]))
        lines = [f"{_when(message.ts)} {message.name or message.author}: {message.text}" for message in messages]
        return "\n".join(lines) or "Nobody has said anything here."

    async def _channel_of(self, asked: Mapping[str, Any], name: str) -> str:
        """The id of a channel that who asks is in: what they may not see themselves is not read for them.

        Nor is what others may not see who read the answer.
        """
        kinds = CHANNELS if asked.get("is_direct", True) else PUBLIC
        wanted = name.strip("# ").casefold()
        cursor: str | None = None
        for _ in range(PAGES):
            await self._take(CHANNELS_OF)
            ask = partial(self.client.users_conversations, user=str(asked["asker"]), types=kinds, limit=PAGE)
            page = await _asked(partial(ask, cursor=cursor))
            for channel in cast("list[dict[str, Any]]", page["channels"]):
                if wanted in {str(channel["id"]).casefold(), str(channel.get("name")).casefold()}:
                    return str(channel["id"])
            cursor = cast("dict[str, Any]", page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        raise ToolException(f"Who asks is in no channel {name!r} that can be read from here.")

    async def _find(self, config: RunnableConfig, words: str) -> str:
        members = await self._all_members()
        asker = str(config.get("configurable", {}).get("asker", ""))
        own = next((member for member in members if member.get("id") == asker), None)
        if own is None or is_guest(own):
            raise ToolException("Who asks may not look people up here.")
        wanted = words.casefold().split()
        lines = [line for member in members if (line := _line(member)) and _has(line, wanted)]
        more = [f"and {len(lines) - PEOPLE_MOST} more"] if len(lines) > PEOPLE_MOST else []
        return "\n".join([*lines[:PEOPLE_MOST], *more]) or "Nobody of that name was found."

    async def _all_members(self) -> Sequence[Mapping[str, Any]]:
        if self._members_until < time.monotonic():
            found: list[Mapping[str, Any]] = []
            cursor: str | None = None
            for _ in range(PAGES):
                await self._take(USERS)
                page = await _asked(partial(self.client.users_list, limit=PAGE, cursor=cursor))
                found += cast("list[dict[str, Any]]", page["members"])
                cursor = cast("dict[str, Any]", page.get("response_metadata") or {}).get("next_cursor")
                if not cursor:
                    break
            self._members, self._members_until = found, time.monotonic() + LIFETIME.total_seconds()
        return self._members

    async def _take(self, method: str, channel: str = "") -> None:
        wait = await self.budget.take(method, channel)
        if wait:
            raise ToolException(f"Slack's limit is reached; it can be asked again in {wait:.0f} s.")


def _channel_here(asked: Mapping[str, Any]) -> str:
    """Where somebody asks, or what they look at, so that they see it all themselves."""
    channel = str(asked.get("viewing" if asked.get("is_direct", True) else "channel") or "")
    if not channel:
        raise ToolException("There is no channel here: this is a private conversation. Name one.")
    return channel


async def _asked(request: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await call(request)
    except PlatformError as error:
        raise ToolException(f"Slack refuses: {error.code}.") from error


def _when(ts: str) -> str:
    return datetime.fromtimestamp(float(ts), UTC).strftime("%Y-%m-%d %H:%M")


def _line(member: Mapping[str, Any]) -> str:
    if member.get("deleted") or member.get("is_bot"):
        return ""
    profile = cast("dict[str, Any]", member.get("profile") or {})
    names = dict.fromkeys(filter(None, (profile.get("real_name"), profile.get("display_name"))))
    parts = [" / ".join(map(str, names)), profile.get("title"), member.get("tz")]
    return ", ".join(" ".join(str(part).split()) for part in parts if part)


def _has(line: str, wanted: Sequence[str]) -> bool:
    return all(word in line.casefold() for word in wanted)
