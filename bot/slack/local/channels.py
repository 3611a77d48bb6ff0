"""The places people talk in: channels, private channels, direct messages of two and of more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.slack.local.wire import Json

Kind = Literal["channel", "group", "im", "mpim"]
"""As `channel_type` in events: a public channel, a private one, a direct message, a group's direct message."""

FAMILY: Mapping[Kind, str] = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
"""How scopes (`groups:history`) and subscriptions (`message.groups`) name each kind."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation of Slack's, at one moment: who joins is seen in the next snapshot."""

    id: str
    name: str
    kind: Kind
    members: frozenset[str]
    created: int
    archived: bool = False
    creator: str = ""

    def visible_to(self, user: str) -> bool:
        """Public channels are everybody's to read; all others are their members'."""
        return self.kind == "channel" or user in self.members

    def record(self, viewer: str, team: str) -> Json:
        """The channel as conversations.info tells it to the viewer, a user's id."""
        common = {
            "id": self.id,
            "created": self.created,
            "is_archived": self.archived,
            "is_im": self.kind == "im",
            "is_org_shared": False,
            "context_team_id": team,
        }
        if self.kind == "im":
            return common | {"user": next(iter(sorted(self.members - {viewer})), viewer)}
        return common | self._named(viewer)

    def _named(self, viewer: str) -> Json:
        return {
            "name": self.name,
            "creator": self.creator,
            "name_normalized": self.name,
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group",
            "is_mpim": self.kind == "mpim",
            "is_private": self.kind != "channel",
            "is_member": viewer in self.members,
            "is_general": self.name == "general",
            "is_shared": False,
            "is_ext_shared": False,
            "num_members": len(self.members),
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }
