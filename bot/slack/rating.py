"""Rating an answer: a click, and for a bad one a form that asks why."""

from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.ratings import Ratings
from bot.slack.forms import Json, field, modal, plain, text_field
from bot.slack.showing import show_form
from bot.traces import Traces

log = structlog.get_logger()

WHY = "skein_why"
"""The form."""


@dataclass(frozen=True, slots=True)
class Rating:
    """Takes what people click and say."""

    client: AsyncWebClient
    budget: Budget
    ratings: Ratings
    traces: Traces

    async def rate(self, workspace: str, channel: str, who: str, value: str) -> bool:
        """Store a click on one of the thumbs, whose value is such as `good:7`; False if it means nothing.

        Raises UNREACHABLE.
        """
        kind, _, turn = value.partition(":")
        if kind not in {"good", "bad"} or not turn.isdecimal():
            return False
        is_known = await self.ratings.rate(workspace, channel, int(turn), who, is_good=kind == "good")
        log.info("answer_rated", turn=int(turn), good=kind == "good", is_known=is_known)
        return is_known

    async def tell(self, who: str, value: str) -> None:
        """Tell LangSmith of a click that is known, where turns are traced there."""
        kind, _, turn = value.partition(":")
        # What somebody finds good now may have been found bad before, for a reason that does not hold any more.
        await self.traces.tell(int(turn), who, is_good=kind == "good", why="" if kind == "good" else None)

    async def ask_why(self, body: dict[str, Any], value: str) -> None:
        """Show the form to whoever found an answer bad; after 3 s Slack opens none any more, and there is none."""
        kind, _, turn = value.partition(":")
        if kind == "bad":
            await show_form(self.client, self.budget, body, _form(turn))

    async def explain(self, body: dict[str, Any]) -> bool | None:
        """Store what was filled in; gives whether they had found it good, if that is known. Raises UNREACHABLE."""
        return await self.ratings.explain(*_said(body))

    async def tell_why(self, body: dict[str, Any], *, is_good: bool) -> None:
        """Tell LangSmith of that, where turns are traced there."""
        turn, who, why = _said(body)
        await self.traces.tell(turn, who, is_good=is_good, why=why)


def _said(body: dict[str, Any]) -> tuple[int, str, str]:
    """Of which turn, by whom, and what."""
    view = body["view"]
    why = str(view["state"]["values"]["why"]["why"].get("value") or "").strip()
    return int(view["private_metadata"]), str(body["user"]["id"]), why


def _form(turn: str) -> Json:
    asked = field("why", "What was wrong with it?", text_field(), hint="Whoever runs this bot reads it.")
    form = modal("Thank you") | {"callback_id": WHY, "private_metadata": turn}
    return form | {"submit": plain("Send"), "blocks": [asked]}
