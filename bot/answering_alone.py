"""Beginning the thread in which a question without an audience is answered."""

from collections.abc import Sequence

import structlog

from bot.conversation import DIRECT, Address, Conversation, Message
from bot.database import until_reached
from bot.errors import Unreadable
from bot.inbox import Inbox
from bot.platform import Adapter, Mark, Page, Room
from bot.private_questions import PrivateQuestion
from bot.turns import Turn
from bot.words import ABOUT, ASKED, NOT_THERE, SUMMARY

log = structlog.get_logger()

SUMMARISE = "Summarise this thread: what it is about, what was decided, and what is open."
THREAD = "The thread:"
MESSAGE = "It is about this message of {author}:"

LOOK_BACK = 300
"""Seconds before the question's time, by whatever clock that was taken, in which its thread may have been begun."""


async def answer_alone(turn: Turn, inbox: Inbox, adapter: Adapter, room: Room) -> None:
    """A message in the asker's direct messages, and the question as the first of the thread under it.

    Whoever does it once more, as the first who did has died, does no harm. Raises LeaseLost, PlatformError.
    """
    asked = PrivateQuestion.parse(turn.messages[0].text)
    workspace = turn.conversation.workspace
    top = Conversation(workspace, await adapter.direct(asked.who), DIRECT)
    said, is_there = await _said(room, workspace, asked) if asked.summarise else ((), True)
    since = f"{float(asked.asked) - LOOK_BACK:.6f}"
    found = await adapter.find(top, turn.id, since) if turn.deaths else []
    page = Page(_head(asked, is_there=is_there), None, frozenset())
    root = found[0] if found else await adapter.post(top, page, Mark(turn.id, 0, since))
    text = await _question(room, asked, said)
    question = Message(Conversation(workspace, top.channel, root), root, asked.who, text, files=asked.files)
    await until_reached(lambda: inbox.put(question, address=Address.BOT))
    log.info("asked_privately", by=asked.who, summarise=asked.summarise)


async def _said(room: Room, workspace: str, asked: PrivateQuestion) -> tuple[Sequence[Message], bool]:
    """What stands in the thread, and whether it could be read."""
    try:
        return await room.thread(Conversation(workspace, asked.channel, asked.thread)), True
    except Unreadable:
        return (), False


def _head(asked: PrivateQuestion, *, is_there: bool) -> str:
    """What stands over the thread."""
    if asked.summarise:
        head = SUMMARY.format(link=asked.link)
        return head if is_there else f"{head}\n\n{NOT_THERE}"
    quoted = "\n".join(f"> {line}" for line in asked.text.splitlines())
    return f"{ABOUT.format(link=asked.link) if asked.link else ASKED}\n{quoted}"


async def _question(room: Room, asked: PrivateQuestion, said: Sequence[Message]) -> str:
    """What the agent is asked."""
    if said:
        lines = [f"{one.name or await room.name(one.author)}: {one.text}" for one in said]
        return "\n\n".join([SUMMARISE, THREAD, *lines])
    text = SUMMARISE if asked.summarise else asked.text
    if not asked.channel:
        return text
    return "\n\n".join([text, MESSAGE.format(author=await room.name(asked.author)), asked.about])
