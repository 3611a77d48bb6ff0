"""What was said in a conversation since its memory has last heard of it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from langchain_core.messages import AnyMessage, HumanMessage

from bot.conversation import Earlier, Message
from bot.errors import Unreadable
from bot.transcript import UNREAD

TIMESTAMP = re.compile(r"\d+\.\d+")


async def with_earlier(
    earlier: Earlier | None, messages: Sequence[Message], known: Sequence[AnyMessage]
) -> tuple[Sequence[Message], bool]:
    """The messages among what was said meanwhile, in order; and whether that could not be read, for the first time."""
    if earlier is None:
        return messages, False
    seen = {said.id for said in known} | {message.ts for message in messages}
    try:
        heard = await earlier(_newest(known))
    except Unreadable:
        is_told = any(said.additional_kwargs.get(UNREAD) for said in known)
        return [replace(message, unread=True) for message in messages], not is_told
    more = [message for message in heard if message.ts not in seen]
    return sorted([*more, *messages], key=lambda message: _seconds(message.ts)), False


def _newest(known: Sequence[AnyMessage]) -> str | None:
    """The `ts` of the newest message of a person's in the memory."""
    stamps = [said.id for said in known if isinstance(said, HumanMessage) and said.id and TIMESTAMP.fullmatch(said.id)]
    return max(stamps, key=_seconds, default=None)


def _seconds(ts: str) -> Decimal:
    return Decimal(ts) if TIMESTAMP.fullmatch(ts) else Decimal(0)
