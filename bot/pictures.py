"""Pictures that people drop into messages: the memory keeps where they are, and the model is sent what they show."""

import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage

KINDS = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What every model takes that takes pictures."""

PICTURES = "pictures"
"""The key under which a message's pictures stand, as `bot.conversation.File` has them."""

NEWEST = 4
"""How many pictures a request holds: the newest."""

Picture = dict[str, Any]
Look = Callable[[str], Awaitable[bytes | None]]
"""Gives what is at a picture's address; None if that cannot be had."""


def takes_pictures(model: BaseChatModel) -> bool:
    """Whether the model is known to take pictures. Of one that LangChain does not know, it is not."""
    profile = cast("dict[str, Any]", getattr(model, "profile", None) or {})
    return bool(profile.get("image_inputs"))


async def shown(messages: Sequence[BaseMessage], look: Look) -> list[BaseMessage]:
    """The messages of a request with their newest pictures in them."""
    told = list(messages)
    left = NEWEST
    for at in reversed(range(len(told))):
        pictures = cast("list[Picture]", told[at].additional_kwargs.get(PICTURES) or [])[: max(left, 0)]
        if not isinstance(told[at], HumanMessage) or not pictures:
            continue
        left -= len(pictures)
        blocks = [block for picture in pictures if (block := await _block(picture, look))]
        told[at] = told[at].model_copy(update={"content": [{"type": "text", "text": str(told[at].text)}, *blocks]})
    return told


async def _block(picture: Picture, look: Look) -> dict[str, str] | None:
    content = await look(picture["url"])
    if content is None:
        return None
    return {"type": "image", "base64": base64.b64encode(content).decode(), "mime_type": picture["kind"]}
