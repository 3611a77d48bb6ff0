"""The methods of the Web API: what each needs, and where each is carried out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.slack.local import (
    methods_agents,
    methods_chat,
    methods_conversations,
    methods_files,
    methods_people,
    methods_streams,
    methods_surfaces,
)
from bot.slack.local.arguments import Arguments
from bot.slack.local.channels import FAMILY
from bot.slack.local.context import Context
from bot.slack.local.wire import Json

_HISTORY = tuple(f"{family}:history" for family in FAMILY.values())
_READ = tuple(f"{family}:read" for family in FAMILY.values())
_CHAT = ("chat:write",)


@dataclass(frozen=True, slots=True)
class Method:
    """`run` carries a call out and returns the answer but for `ok`; it raises Refused and changes nothing then.

    One of `scopes` is enough to call it; methods that read a channel then ask for that kind's. `caller` says whose
    token it takes.
    """

    run: Callable[[Context, Arguments], Json]
    scopes: tuple[str, ...] = ()
    caller: Literal["bot", "app"] = "bot"


METHODS: Mapping[str, Method] = {
    "auth.test": Method(methods_people.tell_identity),
    "users.info": Method(methods_people.tell_user, ("users:read",)),
    "users.conversations": Method(methods_conversations.of_user, _READ),
    "users.list": Method(methods_people.list_users, ("users:read",)),
    "bots.info": Method(methods_people.tell_bot, ("users:read",)),
    "apps.connections.open": Method(methods_surfaces.open_connection, caller="app"),
    "agents.sessions.setStatus": Method(methods_agents.set_session, _CHAT),
    "assistant.threads.setSuggestedPrompts": Method(methods_agents.set_prompts, ("assistant:write",)),
    "assistant.threads.setStatus": Method(methods_surfaces.set_status, ("chat:write", "assistant:write")),
    "views.open": Method(methods_surfaces.open_view),
    "views.publish": Method(methods_surfaces.publish_view),
    "chat.postMessage": Method(methods_chat.post, _CHAT),
    "chat.postEphemeral": Method(methods_chat.whisper, _CHAT),
    "chat.update": Method(methods_chat.update, _CHAT),
    "chat.delete": Method(methods_chat.delete, _CHAT),
    "chat.getPermalink": Method(methods_chat.link),
    "chat.startStream": Method(methods_streams.start, _CHAT),
    "chat.appendStream": Method(methods_streams.append, _CHAT),
    "chat.stopStream": Method(methods_streams.stop, _CHAT),
    "files.getUploadURLExternal": Method(methods_files.upload_address, ("files:write",)),
    "files.completeUploadExternal": Method(methods_files.complete_upload, ("files:write",)),
    "conversations.replies": Method(methods_conversations.replies, _HISTORY),
    "conversations.history": Method(methods_conversations.history, _HISTORY),
    "conversations.info": Method(methods_conversations.info, _READ),
    "conversations.open": Method(methods_conversations.open_direct, ("im:write", "mpim:write")),
    "reactions.add": Method(methods_chat.add_reaction, ("reactions:write",)),
    "reactions.remove": Method(methods_chat.remove_reaction, ("reactions:write",)),
}
