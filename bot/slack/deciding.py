"""Deciding about what the agent asks leave for: a click, or a form."""

import json
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.decisions import ANYONE, Choice, Decision
from bot.errors import PlatformError
from bot.requests import Requests
from bot.slack.decision_forms import deny_form, edit_form, read_args, read_reason
from bot.slack.forms import Json, word
from bot.slack.showing import show_form
from bot.slack.whispers import Whispers

log = structlog.get_logger()

REFUSALS = {
    "forbidden": "Somebody else has to decide this: it says who.",
    "busy": "I am just reading a newer message here, which may withdraw this. Look again in a moment.",
    "gone": "That is too long ago: I no longer have it.",
    "late": "",
}
"""What is said to whoever decided in vain; nothing where somebody had decided before, as everybody can see."""

TOO_LATE = "This was decided already."


@dataclass(frozen=True, slots=True)
class Decisions:
    """Takes what people decide."""

    client: AsyncWebClient
    budget: Budget
    requests: Requests
    whispers: Whispers

    async def approve(self, body: Json, id_: int) -> None:
        """Store a click on *Approve*. Raises UNREACHABLE."""
        told = await self._decide(_place(body), id_, Decision(Choice.APPROVE, _user(body)))
        if refusal := REFUSALS.get(told):
            await self._whisper(body, refusal)

    async def open_form(self, body: Json, id_: int, choice: Choice) -> None:
        """Show the form for it to whoever may decide; after 3 s Slack opens none any more. Raises UNREACHABLE."""
        place = _place(body)
        waiting = await self.requests.open(*place, id_)
        if waiting is None:
            return
        if not {_user(body), ANYONE} & {*waiting.request.deciders}:
            await self._whisper(body, REFUSALS["forbidden"])
            return
        about = json.dumps([*place, id_])
        form = edit_form(about, waiting.request) if choice is Choice.EDIT else deny_form(about)
        await show_form(self.client, self.budget, body, form)

    async def edit(self, body: Json) -> dict[str, Any]:
        """Store what was filled in, and give what Slack is to be told of it. Raises UNREACHABLE."""
        workspace, channel, id_ = json.loads(body["view"]["private_metadata"])
        waiting = await self.requests.open(workspace, channel, id_)
        if waiting is None:
            return _word(TOO_LATE)
        args, wrong = read_args(body["view"]["state"]["values"], waiting.request)
        if wrong:
            return {"response_action": "errors", "errors": wrong}
        is_same = args == dict(waiting.request.args)
        decision = Decision(Choice.APPROVE, _user(body)) if is_same else Decision(Choice.EDIT, _user(body), args)
        return _answer(await self._decide((workspace, channel), id_, decision))

    async def deny(self, body: Json) -> dict[str, Any]:
        """Store a denial and its reason, and give what Slack is to be told of it. Raises UNREACHABLE."""
        workspace, channel, id_ = json.loads(body["view"]["private_metadata"])
        reason = read_reason(body["view"]["state"]["values"])
        decision = Decision(Choice.DENY, _user(body), reason=reason)
        return _answer(await self._decide((workspace, channel), id_, decision))

    async def _decide(self, place: tuple[str, str], id_: int, decision: Decision) -> str:
        told = await self.requests.decide(*place, id_, decision)
        log.info("request_decided", request=id_, choice=decision.choice.value, by=decision.by, told=told)
        return told

    async def _whisper(self, body: Json, text: str) -> None:
        try:
            await self.whispers.reply(body, text)
        except PlatformError as error:
            log.warning("not_whispered", code=error.code)


def _answer(told: str) -> dict[str, Any]:
    """What the form becomes: it closes, or says why it was in vain."""
    return {} if told == "decided" else _word(REFUSALS[told] or TOO_LATE)


def _word(text: str) -> dict[str, Any]:
    return {"response_action": "update", "view": word("Too late" if text == TOO_LATE else "Not now", text)}


def _place(body: Json) -> tuple[str, str]:
    """Workspace and channel."""
    return str(body["team"]["id"]), str(body["channel"]["id"])


def _user(body: Json) -> str:
    return str(body["user"]["id"])
