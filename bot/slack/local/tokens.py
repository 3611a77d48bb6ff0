"""The secrets that stand between a workspace and one app; new in every run."""

import secrets
from dataclasses import dataclass, field


def _token(prefix: str) -> str:
    return f"{prefix}{secrets.token_hex(16)}"


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """`bot` and `app` are for the Web API, `signing_secret` for the Events API over HTTP.

    `verification` is the old way to know that an event is Slack's; it still stands in every event.
    """

    bot: str = field(default_factory=lambda: _token("xoxb-local-"))
    app: str = field(default_factory=lambda: _token("xapp-local-"))
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    verification: str = field(default_factory=lambda: secrets.token_hex(12))
