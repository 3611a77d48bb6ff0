"""What is said in a thread beside what is said to the bot, and by whom."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.conversation import Conversation, Message
from bot.errors import Busy, PlatformError, Unreadable
from bot.inbox import OVERHEARD
from bot.preferences import UNKNOWN, Preference, Preferences
from bot.slack.client import spend
from bot.slack.events import MENTION, SAID_SUBTYPES, files_of, is_well_formed, readable, said
from bot.slack.files import Files
from bot.slack.people import People, Person
from bot.slack.tiers import REPLIES

PAGE = 500
"""Messages that are asked for at once. Slack gives fewer to some apps."""

TIMEOUT = timedelta(seconds=10)
"""How long a thread is read for; people wait for the answer meanwhile."""

TRIES = 2
"""How often a page is asked for that Slack failed to give."""

CONTEXT_TOKENS = 6_000
"""How much of a thread is read in, its newest part, in tokens of four bytes of UTF-8."""

SELF = "you"
"""Who the bot is where it reads what it has said itself."""

Heard = Callable[[Conversation, Mapping[str, Any]], Message | None]
"""Takes a message of Slack's as one of the conversation, or leaves it out."""

LEFT_OUT = "[what was said before this is left out]"


class Room:
    """The threads of a workspace as the bot `me` reads them; implements `bot.platform.Room`."""

    def __init__(
        self,
        client: AsyncWebClient,
        budget: Budget,
        people: People,
        files: Files,
        preferences: Preferences,
        *,
        me: str,
    ) -> None:
        self._files = files
        self._preferences = preferences
        self._client = client
        self._budget = budget
        self._people = people
        self._me = me

    async def read_in(self, messages: Sequence[Message]) -> list[Message]:
        """The messages with what their files say."""
        return await self._files.read_in(messages)

    async def name(self, author: str) -> str:
        """The name of a person, or their id."""
        known = await self._people.find([author])
        return known[author].name if author in known else author

    async def introduce(self, messages: Sequence[Message]) -> list[Message]:
        """The messages with their authors' names, and with names in the place of ids in their text."""
        mentioned = {id_ for message in messages for id_ in MENTION.findall(message.text)}
        known = await self._people.find({message.author for message in messages if not message.name} | mentioned)
        preferences = await self._preferences.of(message.author for message in messages if not message.overheard)
        return [_introduced(message, known, preferences) for message in messages]

    async def between(self, conversation: Conversation, after: str | None, before: str) -> list[Message]:
        """What was said in a thread between two messages, but not by the bot, as far back as the budget of tokens goes.

        The oldest come first; not overheard are those of the last minutes that mention the bot. Raises Unreadable when
        Slack does not give it now: without its scope, beyond its limit.
        """
        return await self._read(conversation, after, before, self._heard)

    async def thread(self, conversation: Conversation) -> list[Message]:
        """All that was said in a thread, by the bot as well, as `between` gives it. Raises Unreadable."""
        return await self._read(conversation, None, f"{time.time() + 1:.6f}", self._heard_or_said)

    async def _read(self, conversation: Conversation, after: str | None, before: str, heard: Heard) -> list[Message]:
        kept: deque[Message] = deque()
        room, left_out = CONTEXT_TOKENS, False
        try:
            async with asyncio.timeout(TIMEOUT.total_seconds()):
                async for message in self._thread(conversation, after, before, heard):
                    kept.append(message)
                    room -= _tokens(message)
                    while room < 0:
                        room += _tokens(kept.popleft())
                        left_out = True
                named = await self.introduce(kept)
        except (PlatformError, TimeoutError) as error:
            raise Unreadable("the thread cannot be read") from error
        if left_out and named:
            named[0] = replace(named[0], text=f"{LEFT_OUT}\n{named[0].text}")
        return named

    async def _thread(
        self, conversation: Conversation, after: str | None, before: str, heard: Heard
    ) -> AsyncGenerator[Message, None]:
        cursor: str | None = None
        while True:
            page = await self._page(conversation, after, before, cursor)
            for written in page["messages"]:
                # The root stands on every page.
                if (after or "") < str(written.get("ts")) < before and (message := heard(conversation, written)):
                    yield message
                    after = message.ts
            cursor = _cursor(page)
            if not cursor:
                return

    async def _page(self, conversation: Conversation, after: str | None, before: str, cursor: str | None) -> Any:
        for tries_left in reversed(range(TRIES)):
            try:
                return await spend(
                    self._budget,
                    REPLIES,
                    conversation.channel,
                    lambda: self._client.conversations_replies(
                        channel=conversation.channel,
                        ts=conversation.thread,
                        oldest=after,
                        latest=before,
                        limit=PAGE,
                        cursor=cursor,
                    ),
                )
            except Busy as busy:
                if busy.retry_after or not tries_left:
                    raise
        raise AssertionError("unreachable")

    async def heard(self, conversation: Conversation, written: Iterable[Mapping[str, Any]]) -> list[Message]:
        """What people and other bots say in messages of Slack's, with their names."""
        return await self.introduce([said for one in written if (said := self._heard(conversation, one))])

    def _heard_or_said(self, conversation: Conversation, written: Mapping[str, Any]) -> Message | None:
        if written.get("user") != self._me:
            return self._heard(conversation, written)
        return Message(conversation, str(written["ts"]), self._me, said(written, self._me), SELF, overheard=True)

    def _heard(self, conversation: Conversation, written: Mapping[str, Any]) -> Message | None:
        if written.get("user") == self._me or written.get("subtype", None) not in {*SAID_SUBTYPES, "bot_message"}:
            return None
        if not is_well_formed({"channel": conversation.channel, **written}):
            return None
        name = f"{_bot_name(written)} (bot)" if written.get("bot_id") else ""
        author = str(written.get("user") or written.get("bot_id"))
        if not name and self._is_late(written):
            text = readable(str(written.get("text") or ""), self._me)
            return Message(conversation, written["ts"], author, text, files=files_of(written))
        text = said(written, self._me)
        return Message(conversation, written["ts"], author, text, name, overheard=True, is_machine=bool(name))

    def _is_late(self, written: Mapping[str, Any]) -> bool:
        """Whether it mentions the bot, and its event may yet come, or was lost a moment ago."""
        is_new = time.time() - float(written["ts"]) < OVERHEARD.total_seconds()
        return is_new and self._me in MENTION.findall(str(written.get("text") or ""))


def _cursor(page: Any) -> str | None:
    following = cast("dict[str, Any]", page.get("response_metadata") or {})
    return following.get("next_cursor")


def _bot_name(written: Mapping[str, Any]) -> str:
    profile = cast("dict[str, Any]", written.get("bot_profile") or {})
    return " ".join(str(profile.get("name") or written.get("username") or written.get("bot_id")).split())


def _introduced(message: Message, known: Mapping[str, Person], preferences: Mapping[str, Preference]) -> Message:
    name = message.name or (known[message.author].name if message.author in known else "")
    text = MENTION.sub(lambda match: f"@{known[match[1]].name}" if match[1] in known else match[0], message.text)
    zone = known[message.author].zone if message.author in known else ""
    prefers = preferences.get(message.author, UNKNOWN)
    viewing = prefers.viewing if message.conversation.is_direct else ""
    return replace(message, name=name, text=text, zone=zone, language=prefers.language, viewing=viewing)


def _tokens(message: Message) -> int:
    return len(message.text.encode()) // 4 + 8
