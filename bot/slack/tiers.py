"""How often Slack lets a bot call each method: its documented tiers, at the size that is guaranteed."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from bot.budget import Tier

POST, UPDATE, DELETE = "chat.postMessage", "chat.update", "chat.delete"
WHISPER, PERMALINK = "chat.postEphemeral", "chat.getPermalink"
START, APPEND, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"
REPLIES, HISTORY = "conversations.replies", "conversations.history"
OPEN = "conversations.open"
SESSION, PROMPTS = "agents.sessions.setStatus", "assistant.threads.setSuggestedPrompts"
CHANNEL, OPEN_VIEW, PUBLISH = "conversations.info", "views.open", "views.publish"
USER, USERS, CHANNELS_OF = "users.info", "users.list", "users.conversations"
UPLOAD_ADDRESS, COMPLETE_UPLOAD = "files.getUploadURLExternal", "files.completeUploadExternal"
ADD, REMOVE = "reactions.add", "reactions.remove"

# Of chat.postMessage Slack says: one a second a channel, and short bursts of more.
TIERS: Mapping[str, Tier] = MappingProxyType(
    {
        POST: Tier(10, timedelta(seconds=10), by_channel=True),
        UPDATE: Tier(50),
        DELETE: Tier(50),
        WHISPER: Tier(100),
        PERMALINK: Tier(100),
        START: Tier(20),
        APPEND: Tier(100),
        STOP: Tier(20),
        CHANNEL: Tier(50),
        OPEN: Tier(50),
        SESSION: Tier(50),
        PROMPTS: Tier(100),
        OPEN_VIEW: Tier(100),
        PUBLISH: Tier(100),
        USER: Tier(100),
        USERS: Tier(20),
        CHANNELS_OF: Tier(50),
        REPLIES: Tier(50),
        HISTORY: Tier(50),
        UPLOAD_ADDRESS: Tier(100),
        COMPLETE_UPLOAD: Tier(100),
        ADD: Tier(50),
        REMOVE: Tier(20),
    }
)
