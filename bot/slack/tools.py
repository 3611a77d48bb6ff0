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
from bot.slack.tiers import HISTORY, USERS

READ_CHANNEL = "read_channel"
READ_PURPOSE = (
    "Read the newest messages of the channel that you are asked in, beside this thread; in a private conversation, of "
    "the channel that who asks is looking at."
)
FIND_PEOPLE = "find_people"
FIND_PURPOSE = "Find people of this workspace by a part of their name or their job title."
NEWEST = 50
PEOPLE_MOST = 20
LIFETIME = timedelta(hours=1)
PAGE, PAGES = 200, 25
"""How many people are asked for at once, and how often: 5,000 in all."""


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

    async def _read(self, config: RunnableConfig, newest: int = NEWEST) -> str:
        # The channel is where somebody asks, or what they look at, so that they see it all themselves.
        asked = config.get("configurable", {})
        is_direct = bool(asked.get("is_direct", True))
        channel = str(asked.get("viewing" if is_direct else "channel") or "")
        if not channel:
            raise ToolException("There is no channel here: this is a private conversation.")
        await self._take(HISTORY, channel)
        limit = max(1, min(newest, NEWEST))
        response = await _asked(lambda: self.client.conversations_history(channel=channel, limit=limit))
        place = Conversation(str(asked["workspace"]), channel, "")
        messages = await self.room.heard(place, reversed(response["messages"]))
        lines = [f"{_when(message.ts)} {message.name or message.author}: {message.text}" for message in messages]
        return "\n".join(lines) or "Nobody has said anything here."

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
