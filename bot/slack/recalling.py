"""What people ask of an answer that stands there: to see what it said before, or to have it deleted."""

from dataclasses import dataclass
from typing import Any

import structlog

from bot.changes import Changes
from bot.slack.whispers import Whispers

log = structlog.get_logger()

DELETE = "skein_delete"
"""The shortcut, in the menu of a message, that deletes an answer."""

NOT_THEIRS = "Only whoever asked can have an answer of mine deleted, and only for as long as I know who that was."
FORGOTTEN = "That is too long ago: I no longer have it."


@dataclass(frozen=True, slots=True)
class Recall:
    """Says to one person alone what was said in a turn."""

    whispers: Whispers
    changes: Changes

    async def show(self, body: dict[str, Any], turn: int) -> None:
        """Show it to whoever clicked, in the place where they did. Raises PlatformError, UNREACHABLE."""
        channel, user = str(body["channel"]["id"]), str(body["user"]["id"])
        found = await self.changes.said(turn)
        if found is None or found[0].channel != channel:
            await self.whispers.reply(body, FORGOTTEN)
            return
        conversation, pages = found
        for page in pages:
            await self.whispers.say(conversation, user, page)
        log.info("turn_recalled", turn=turn, by=user)

    async def refuse(self, body: dict[str, Any]) -> None:
        """Tell whoever wanted an answer deleted that it is not theirs. Raises PlatformError."""
        await self.whispers.reply(body, NOT_THEIRS)
