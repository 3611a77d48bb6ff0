"""Files that the bot uploads: an address to send each to, the sending, and the message that they come in."""

from dataclasses import replace

from bot.slack.local.arguments import Arguments
from bot.slack.local.context import Context, Upload, kept_file
from bot.slack.local.messages import Message
from bot.slack.local.refusal import Refused, malformed
from bot.slack.local.wire import Json, as_objects, as_text


def upload_address(context: Context, args: Arguments) -> Json:
    """files.getUploadURLExternal: where to send a file of that name and so many bytes."""
    name, length = args.required("filename"), args.required("length")
    if not length.isdigit() or int(length) == 0:
        raise malformed("invalid_arguments", ["length must be a number above 0 [json-pointer:/length]"])
    id_ = context.workspace.new_id("F")
    context.uploads[id_] = Upload(name, int(length))
    return {"upload_url": f"{context.url}/upload/{id_}", "file_id": id_}


def take_upload(context: Context, id_: str, content: bytes) -> bool:
    """Whether this is what was announced under that id; it is kept then."""
    upload = context.uploads.get(id_)
    if upload is None or len(content) != upload.length:
        return False
    context.uploads[id_] = replace(upload, content=content)
    return True


def complete_upload(context: Context, args: Arguments) -> Json:
    """files.completeUploadExternal: show what was sent, in one message. Each file can be shown once."""
    channel = context.joined(args, "channel_id")
    thread_ts = context.thread_of(channel, args)
    asked = as_objects(args.structure("files"))
    found = {as_text(each.get("id")): context.uploads.get(as_text(each.get("id"))) for each in asked}
    if not found:
        raise malformed("invalid_arguments", ["missing required field: files"])
    bot = context.workspace.bot
    files: list[Json] = []
    for id_, upload in found.items():
        if upload is None or upload.content is None:
            raise Refused("file_not_found")
        files.append(kept_file(context, id_, upload.name, upload.content, bot))
    for id_ in found:
        del context.uploads[id_]
    context.workspace.post(
        Message(
            channel=channel.id,
            ts=context.workspace.stamps.next(),
            user=bot.id,
            bot=bot.bot,
            text=args.text("initial_comment") or "",
            thread_ts=thread_ts,
            subtype="file_share",
            files=tuple(files),
        )
    )
    return {"files": files}
