"""What people ask of an answer that stands there: to see what it said before, or to have it deleted."""

from dataclasses import dataclass
from typing import Any

import structlog

from bot.changes import Changes
from bot.platform import Act, Page
from bot.slack.whispers import Whispers
from bot.status import Version

log = structlog.get_logger()

DELETE = "skein_delete"
"""The shortcut, in the menu of a message, that deletes an answer."""

NOT_THEIRS = "Only whoever asked can have an answer of mine deleted, and only for as long as I know who that was."
LONGEST = 9_000
"""Bytes that are shown as one, with the way to other versions; a longer one in as many as it was said in."""

FORGOTTEN = "That is too long ago: I no longer have it."


@dataclass(frozen=True, slots=True)
class Recall:
    """Says to one person alone what was said in a turn."""

    whispers: Whispers
    changes: Changes

    async def show(self, body: dict[str, Any], turn: int, *, is_version: bool) -> None:
        """Show it to whoever clicked, in the place where they did, maybe as one of the versions of an answer.

        Raises PlatformError, UNREACHABLE.
        """
        channel, user = str(body["channel"]["id"]), str(body["user"]["id"])
        found = await self.changes.said(turn)
        if found is None or found[0].channel != channel:
            await self.whispers.reply(body, FORGOTTEN)
            return
        conversation, pages = found
        whole = "\n\n".join(pages)
        if is_version and len(whole.encode()) <= LONGEST:
            page = await self._page(whole, turn)
            await self.whispers.show(conversation, user, page, instead=body.get("response_url"))
        else:
            for part in pages:
                await self.whispers.say(conversation, user, part)
        log.info("turn_recalled", turn=turn, by=user)

    async def _page(self, text: str, turn: int) -> Page:
        """One of several versions, with the way to those before and after it."""
        versions = await self.changes.versions(turn)
        if turn not in versions:
            return Page(text, None, frozenset())
        at = versions.index(turn)
        around = ((Act.OLDER, at - 1), (Act.NEWER, at + 1))
        buttons = tuple((act, versions[to]) for act, to in around if 0 <= to < len(versions))
        return Page(text, Version(at + 1, len(versions) + 1), frozenset(), buttons=buttons)

    async def refuse(self, body: dict[str, Any]) -> None:
        """Tell whoever wanted an answer deleted that it is not theirs. Raises PlatformError."""
        await self.whispers.reply(body, NOT_THEIRS)
