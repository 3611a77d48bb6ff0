"""The two ways of saying no: the Web API's to the bot, and the workspace's to a person."""

from collections.abc import Mapping, Sequence
from typing import Any


class Refused(Exception):
    """A Web API call was refused. `code` is Slack's word; `extra` stands beside it in the answer."""

    def __init__(self, code: str, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.extra = dict(extra or {})


class Impossible(Exception):
    """Somebody tried what Slack's own client would not let them do, or named what does not exist."""


def malformed(code: str, problems: Sequence[str]) -> Refused:
    """A refusal that lists what is wrong the way Slack does."""
    messages = [f"[ERROR] {problem}" for problem in problems]
    return Refused(code, {"errors": list(problems), "response_metadata": {"messages": messages}})
