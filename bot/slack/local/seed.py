"""A workspace to begin with: two people, three channels with the bot in them, and one without."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.slack.local.workspace import Workspace

PLAIN_SCOPES = frozenset(
    {
        *(
            "app_mentions:read",
            "chat:write",
            "commands",
            "users:read",
            "reactions:write",
            "files:read",
            "files:write",
            "im:write",
        ),
        *(f"{family}:{right}" for family in ("channels", "groups", "im", "mpim") for right in ("history", "read")),
    }
)
"""What the plain manifest asks for."""
PLAIN_SHORTCUTS: Mapping[str, str] = MappingProxyType(
    {
        "skein_ask": "Ask the bot about this",
        "skein_summarise": "Summarise this thread",
        "skein_setup": "Set up this channel",
        "skein_delete": "Delete this answer",
    }
)
"""The message shortcuts of the plain manifest: what stands in the menu, by the callback."""


def seeded(name: str, bot_name: str) -> Workspace:
    """Ada and Grace; #general, #research, the private #plans, and #random, which the bot is not a member of."""
    workspace = Workspace(name, bot_name)
    people = [workspace.add_user("ada", "Ada Lovelace"), workspace.add_user("grace", "Grace Hopper")]
    everybody = [*people, workspace.bot, workspace.other_bot]
    workspace.add_channel("general", "channel", everybody)
    workspace.add_channel("research", "channel", everybody)
    workspace.add_channel("plans", "group", everybody)
    workspace.add_channel("random", "channel", people)
    return workspace
