"""What a call wants a message to say: text, blocks, Markdown and metadata, within Slack's sizes."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass

from bot.slack.local.arguments import Arguments
from bot.slack.local.reading import body_of
from bot.slack.local.refusal import Refused, malformed
from bot.slack.local.validation import problems_in
from bot.slack.local.wire import Json, as_list, as_object, as_objects

POST_TEXT_CHARACTERS = 40_000
"""Longer texts are cut by chat.postMessage without a word."""

UPDATE_TEXT_BYTES = 4_000
"""Slack documents characters; reports count UTF-8 bytes, which is stricter and covers both."""

MARKDOWN_CHARACTERS = 12_000
METADATA_BYTES = 16_000


@dataclass(frozen=True, slots=True)
class Content:
    """What people read. `text` stands beside the blocks, for notifications."""

    text: str
    blocks: tuple[Json, ...]


def content_of(args: Arguments) -> Content:
    """The content of a call, valid but for the length of its text. Raises Refused."""
    text, markdown, blocks = args.text("text"), args.text("markdown_text"), blocks_of(args)
    if markdown is not None:
        if text or blocks is not None:
            raise Refused("markdown_text_conflict")
        return Content(markdown, markdown_blocks(markdown))
    if not text and not blocks and not as_list(args.structure("attachments")):
        raise Refused("no_text")
    return Content(text or body_of("", blocks or ()), blocks or ())


def markdown_blocks(markdown: str) -> tuple[Json, ...]:
    """The block that Slack makes of `markdown_text`. Raises Refused when it is empty or too long."""
    if not markdown:
        raise Refused("no_text")
    if len(markdown) > MARKDOWN_CHARACTERS:
        raise Refused("msg_too_long")
    return ({"type": "markdown", "text": markdown, "block_id": "markdown"},)


def blocks_of(args: Arguments) -> tuple[Json, ...] | None:
    """The blocks of a call, each with a `block_id`; None when it brings none. Raises Refused."""
    given = args.structure("blocks")
    if given is None:
        return None
    blocks = as_list(given)
    if blocks is None or len(as_objects(blocks)) != len(blocks):
        raise Refused("invalid_blocks_format")
    found = problems_in(as_objects(blocks))
    if found:
        raise malformed("invalid_blocks", found)
    return _identified(as_objects(blocks))


def _identified(blocks: Sequence[Json]) -> tuple[Json, ...]:
    taken = {block["block_id"] for block in blocks if "block_id" in block}
    free = (name for number in itertools.count() if (name := f"b{number}") not in taken)
    return tuple(block if "block_id" in block else {**block, "block_id": next(free)} for block in blocks)


def metadata_of(args: Arguments) -> Json | None:
    """The metadata of a call; None when it brings none, empty when it asks to remove it. Raises Refused."""
    given = args.structure("metadata")
    if given is None or given == {}:
        return as_object(given)
    metadata = as_object(given) or {}
    if not isinstance(metadata.get("event_type"), str) or as_object(metadata.get("event_payload")) is None:
        raise Refused("invalid_metadata_format")
    if len(json.dumps(metadata).encode()) > METADATA_BYTES:
        raise Refused("metadata_too_large")
    return metadata
