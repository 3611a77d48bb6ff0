"""People and bots of the workspace."""

from dataclasses import dataclass, field

from bot.slack.local.wire import Json


@dataclass(frozen=True, slots=True)
class User:
    """A person, or the user of an app.

    `name` is the handle that `@name` finds, `color` is `#rrggbb`. An app's user has the ids of its `bot` and `app`. A
    `guest` sees only a part of the workspace, an `admin` manages it.
    """

    id: str
    name: str
    real_name: str
    color: str
    team: str
    bot: str | None = None
    app: str | None = None
    guest: bool = field(default=False, kw_only=True)
    admin: bool = field(default=False, kw_only=True)

    @property
    def initials(self) -> str:
        """Two letters for a picture."""
        return "".join(word[0] for word in self.real_name.split()[:2]).upper()

    @property
    def shown_as(self) -> str:
        """The name people read: `Ada` for `ada`; an app keeps its handle."""
        return self.name if self.bot else self.name.capitalize()

    def record(self) -> Json:
        """The user as users.info tells it."""
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "real_name": self.real_name,
            "color": self.color.removeprefix("#"),
            "deleted": False,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "profile": self._profile(),
            "is_admin": self.admin,
            "is_owner": False,
            "is_restricted": self.guest,
            "is_ultra_restricted": False,
            "is_bot": self.bot is not None,
            "is_app_user": False,
            "updated": 1_700_000_000,
        }

    def _profile(self) -> Json:
        names = {
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.shown_as,
            "display_name_normalized": self.shown_as,
            "team": self.team,
        }
        return names if self.bot is None else names | {"bot_id": self.bot, "api_app_id": self.app}

    def bot_profile(self) -> Json:
        """The app behind the user, as messages and bots.info tell it."""
        return {
            "id": self.bot,
            "app_id": self.app,
            "user_id": self.id,
            "name": self.name,
            "team_id": self.team,
            "deleted": False,
            "updated": 1_700_000_000,
            "icons": {},
        }
