"""What is done in a conversation beside answering, by a turn of its own: forgetting, branching off, asking alone."""

from collections.abc import Mapping
from typing import assert_never

import structlog

from bot.answering_alone import answer_alone
from bot.conversation import DIRECT, Agent, Conversation, Message
from bot.database import until_reached
from bot.inbox import Inbox
from bot.platform import Adapter, Mark, Page, Room
from bot.turns import Errand, Turn
from bot.words import BRANCHED, BRANCHING

log = structlog.get_logger()


async def run_errand(turn: Turn, agent: Agent, inbox: Inbox, adapter: Adapter, room: Room) -> None:
    """Do it. Whoever does it once more, as the first who did has died, does no harm.

    Raises LeaseLost; PlatformError when the platform refuses for good.
    """
    match turn.errand:
        case Errand.FORGET | Errand.FORGET_ANSWER:
            await _forget(turn, agent, adapter)
        case Errand.BRANCH:
            await _branch(turn, agent, inbox, adapter)
        case Errand.ASK:
            await answer_alone(turn, inbox, adapter, room)
        case None:
            raise ValueError("it has no errand")
        case _:
            assert_never(turn.errand)


async def _forget(turn: Turn, agent: Agent, adapter: Adapter) -> None:
    is_answer = turn.errand is Errand.FORGET_ANSWER
    for page in turn.pages if is_answer else ():
        await adapter.remove(turn.conversation, page)
    message = turn.messages[0]
    await until_reached(lambda: agent.forget(turn.thread_id, message, answer=is_answer, hold=turn.hold))


async def _branch(turn: Turn, agent: Agent, inbox: Inbox, adapter: Adapter) -> None:
    """A message at the channel's top level, and a memory and a conversation for the thread under it."""
    origin, wish = turn.conversation, turn.messages[0]
    top = Conversation(origin.workspace, origin.channel, DIRECT)
    about = {"who": f"<@{wish.text}>", "link": await adapter.link(origin, turn.pages[0])}
    found = await adapter.find(top, turn.id, since=wish.ts) if turn.deaths else []
    root = found[0] if found else await adapter.post(top, _page(BRANCHING, wish, about), Mark(turn.id, 0, wish.ts))
    there = Conversation(origin.workspace, origin.channel, root)
    await until_reached(lambda: agent.branch(turn.thread_id, turn.checkpoint, str(there), hold=turn.hold))
    await until_reached(lambda: inbox.branch_off(origin, there))
    # Nobody is asked to go on there before it can be done.
    await adapter.finish(top, root, _page(BRANCHED, wish, about))
    log.info("branched", to=str(there))


def _page(text: str, wish: Message, about: Mapping[str, str]) -> Page:
    return Page(text.format(**about), None, frozenset({wish.text}))
