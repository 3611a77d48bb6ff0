"""chat.postMessage, update, delete, postEphemeral, getPermalink, and reactions."""

from dataclasses import replace

from bot.slack.local.arguments import Arguments
from bot.slack.local.changes import Whispered
from bot.slack.local.channels import Channel
from bot.slack.local.content import POST_TEXT_CHARACTERS, UPDATE_TEXT_BYTES, Content, content_of, metadata_of
from bot.slack.local.context import Context
from bot.slack.local.messages import Message
from bot.slack.local.records import record
from bot.slack.local.refusal import Refused
from bot.slack.local.wire import Json


def post(context: Context, args: Arguments) -> Json:
    """chat.postMessage. A text that is too long is cut."""
    channel = context.addressed(args)
    content = content_of(args)
    draft = _draft(context, channel, content, context.thread_of(channel, args))
    broadcast = draft.thread_ts is not None and args.flag("reply_broadcast")
    message = context.workspace.post(
        replace(
            draft,
            subtype="thread_broadcast" if broadcast else None,
            metadata=metadata_of(args) or None,
            unfurling=args.flag("unfurl_links", default=True) or args.flag("unfurl_media", default=True),
        )
    )
    written = record(context.workspace, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": written}


def _draft(context: Context, channel: Channel, content: Content, thread_ts: str | None) -> Message:
    return Message(
        channel=channel.id,
        ts=context.workspace.stamps.next(),
        user=context.workspace.bot.id,
        bot=context.workspace.bot.bot,
        text=content.text[:POST_TEXT_CHARACTERS],
        blocks=content.blocks,
        thread_ts=thread_ts,
    )


def whisper(context: Context, args: Arguments) -> Json:
    """chat.postEphemeral: one person sees it, nobody can read it again."""
    channel = context.addressed(args)
    user = args.required("user")
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    message = _draft(context, channel, content_of(args), context.thread_of(channel, args))
    context.workspace.tell(Whispered(user, message))
    return {"message_ts": message.ts}


def answer_whisper(context: Context, name: str, args: Arguments) -> bool:
    """A `response_url`, five times and with `replace_original`; False where it is none, or not any more."""
    response = context.responses.get(name)
    if response is None or not response.left or not args.flag("replace_original"):
        return False
    response.left -= 1
    _, before = context.whispered[response.ts]
    content = content_of(args)
    context.workspace.tell(Whispered(response.user, replace(before, text=content.text, blocks=content.blocks)))
    return True


def update(context: Context, args: Arguments) -> Json:
    """chat.update. Text without blocks takes the blocks away and shows "(edited)"; blocks do not."""
    channel = context.joined(args)
    before = context.own_message(channel, args.required("ts"), otherwise="cant_update_message")
    if channel.archived:
        raise Refused("is_inactive")
    if context.is_streaming(before):
        raise Refused("streaming_state_conflict")
    content = content_of(args)
    if len((args.text("text") or "").encode()) > UPDATE_TEXT_BYTES:
        raise Refused("msg_too_long")
    after = context.workspace.edit(before, _rewritten(before, content, args))
    written = record(context.workspace, after, with_metadata=True)
    return {"channel": channel.id, "ts": after.ts, "text": after.text, "message": written}


def _rewritten(before: Message, content: Content, args: Arguments) -> Message:
    metadata = metadata_of(args)
    return replace(
        before,
        text=content.text,
        blocks=content.blocks,
        streaming=False,
        metadata=before.metadata if metadata is None else metadata or None,
        marked=args.structure("blocks") in (None, []),
        # chat.update knows no unfurl arguments: only parse="none" keeps links in the new text from unfurling.
        unfurling=before.unfurling or (bool(args.text("text")) and args.text("parse") != "none"),
    )


def delete(context: Context, args: Arguments) -> Json:
    """chat.delete, of the bot's own messages."""
    channel = context.joined(args)
    message = context.own_message(channel, args.required("ts"), otherwise="cant_delete_message")
    if context.is_streaming(message):
        raise Refused("cant_delete_message")
    context.workspace.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def link(context: Context, args: Arguments) -> Json:
    """chat.getPermalink."""
    channel = context.visible(args)
    message = context.message(channel, args.required("message_ts"))
    query = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
    address = f"{context.url}/archives/{channel.id}/p{message.ts.replace('.', '')}{query}"
    return {"channel": channel.id, "permalink": address}


def add_reaction(context: Context, args: Arguments) -> Json:
    """reactions.add."""
    return _react(context, args, added=True, otherwise="already_reacted")


def remove_reaction(context: Context, args: Arguments) -> Json:
    """reactions.remove."""
    return _react(context, args, added=False, otherwise="no_reaction")


def _react(context: Context, args: Arguments, *, added: bool, otherwise: str) -> Json:
    channel = context.joined(args)
    message = context.message(channel, args.required("timestamp"))
    emoji = args.required("name").strip(":")
    if channel.archived:
        raise Refused("is_archived")
    if not context.workspace.react(message, context.workspace.bot.id, emoji, added=added):
        raise Refused(otherwise)
    return {}
