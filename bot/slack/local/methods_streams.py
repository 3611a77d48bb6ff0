"""Native streams: chat.startStream, appendStream and stopStream.

A stream takes Markdown and task updates until it is stopped, grows too long, or dies of age. While it lives,
chat.update and chat.delete refuse its message; afterwards append and stop do, and only chat.update mends it.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

from bot.slack.local.arguments import Arguments
from bot.slack.local.channels import Channel
from bot.slack.local.content import MARKDOWN_CHARACTERS, blocks_of, metadata_of
from bot.slack.local.context import Context, Stream
from bot.slack.local.messages import Message
from bot.slack.local.reading import body_of
from bot.slack.local.records import record
from bot.slack.local.refusal import Refused, malformed
from bot.slack.local.validation import problems_in
from bot.slack.local.wire import Json, as_objects, as_text

STREAM_CHARACTERS = 13_800
"""Reported, not documented."""

TASK_CHARACTERS = 256


def start(context: Context, args: Arguments) -> Json:
    """chat.startStream. In channels it must be said for whom the stream is."""
    channel = context.addressed(args)
    args.required("thread_ts")
    thread_ts = context.thread_of(channel, args)
    for name in ("recipient_user_id", "recipient_team_id") if channel.kind != "im" else ():
        if not args.text(name):
            raise Refused(f"missing_{name}")
    stream = _grown(Stream(time.monotonic()), args)
    bot = context.workspace.bot
    blocks = _blocks(stream)
    draft = Message(channel.id, context.workspace.stamps.next(), bot.id, body_of("", blocks), blocks, thread_ts)
    message = context.workspace.post(replace(draft, bot=bot.bot, streaming=True))
    context.streams[channel.id, message.ts] = stream
    return {"channel": channel.id, "ts": message.ts}


def append(context: Context, args: Arguments) -> Json:
    """chat.appendStream."""
    channel, message, stream = _running(context, args)
    grown = _grown(stream, args)
    if grown == stream:
        raise Refused("no_text")
    context.streams[channel.id, message.ts] = grown
    context.workspace.stream(_showing(message, grown))
    return {"channel": channel.id, "ts": message.ts}


def stop(context: Context, args: Arguments) -> Json:
    """chat.stopStream, with a last piece of text and blocks below it."""
    channel, message, stream = _running(context, args)
    grown = _grown(stream, args)
    blocks = (*_blocks(grown), *(blocks_of(args) or ()))
    metadata = metadata_of(args) or message.metadata
    del context.streams[channel.id, message.ts]
    last = replace(_showing(message, grown), blocks=blocks, metadata=metadata, streaming=False)
    after = context.workspace.edit(message, last)
    return {"channel": channel.id, "ts": after.ts, "message": record(context.workspace, after)}


def _running(context: Context, args: Arguments) -> tuple[Channel, Message, Stream]:
    channel = context.joined(args)
    message = context.own_message(channel, args.required("ts"), otherwise="message_not_owned_by_app")
    if not context.is_streaming(message):
        raise Refused("message_not_in_streaming_state")
    stream = context.streams[channel.id, message.ts]
    return channel, message, stream


def _grown(stream: Stream, args: Arguments) -> Stream:
    text, chunks = args.text("markdown_text"), as_objects(args.structure("chunks"))
    if text is not None and chunks:
        raise Refused("cannot_provide_both_markdown_text_and_chunks")
    pieces = [as_text(chunk.get("text")) for chunk in chunks if chunk.get("type") == "markdown_text"]
    piece = text or "".join(pieces)
    markdown = stream.markdown + piece
    if len(piece) > MARKDOWN_CHARACTERS or len(markdown) > STREAM_CHARACTERS:
        raise Refused("msg_too_long")
    tasks = {task["task_id"]: task for task in (*stream.tasks, *_tasks(chunks))}
    blocks = [block for chunk in chunks if chunk.get("type") == "blocks" for block in as_objects(chunk.get("blocks"))]
    if found := problems_in(blocks):
        raise malformed("invalid_chunks", found)
    named = [{"block_id": f"block{at}", **block} for at, block in enumerate(blocks, len(stream.blocks))]
    return replace(stream, markdown=markdown, tasks=tuple(tasks.values()), blocks=(*stream.blocks, *named))


def _tasks(chunks: list[Json]) -> Iterator[Json]:
    for chunk in chunks:
        match chunk.get("type"):
            case "task_update":
                title = as_text(chunk.get("title"))
                if not as_text(chunk.get("id")) or not 0 < len(title) <= TASK_CHARACTERS:
                    raise malformed("invalid_chunks", ["a task needs an id and a title of at most 256 characters"])
                status = as_text(chunk.get("status")) or "pending"
                yield {"type": "task_card", "task_id": chunk["id"], "title": title, "status": status}
            case "markdown_text" | "plan_update" | "blocks":
                pass
            case kind:
                raise malformed("invalid_chunks", [f"unsupported type: {kind}"])


def _blocks(stream: Stream) -> tuple[Json, ...]:
    tasks = [{**task, "block_id": f"task{place}"} for place, task in enumerate(stream.tasks)]
    text = [{"type": "markdown", "text": stream.markdown, "block_id": "markdown"}] if stream.markdown else []
    return (*stream.blocks, *tasks, *text)


def _showing(message: Message, stream: Stream) -> Message:
    blocks = _blocks(stream)
    return replace(message, text=body_of("", blocks), blocks=blocks)
