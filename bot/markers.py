"""What is put on the answers that a conversation has left behind."""

import contextlib

from bot.database import until_reached
from bot.deciding import Deciding
from bot.errors import Gone
from bot.inbox import Inbox
from bot.platform import Act, Adapter, Page
from bot.status import Note
from bot.turns import Turn


async def mark_superseded(turn: Turn, inbox: Inbox, adapter: Adapter) -> None:
    """Have the answers from which the conversation has gone back say so."""
    conversation = turn.conversation
    for left, (first, *others) in (await until_reached(lambda: inbox.superseded(turn))).items():
        page = Page("", Note.SUPERSEDED, frozenset(), buttons=((Act.RECALL, left),))
        with contextlib.suppress(Gone):
            await adapter.finish(conversation, first, page)
        for other in others:
            await adapter.remove(conversation, other)


async def mark_withdrawn(deciding: Deciding, adapter: Adapter) -> None:
    """Have what waits for decisions say that it no longer does."""
    for message, said in await deciding.withdraw():
        with contextlib.suppress(Gone):
            await adapter.finish(deciding.turn.conversation, message, Page(said, Note.WITHDRAWN, frozenset()))
