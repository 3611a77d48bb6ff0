"""What people click on and choose. What they want is stored before Slack hears "yes": it shows them when it failed.

Slack sends a gesture once. So whoever clicked and saw that it failed clicks again; a form that cannot be shown is not.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from bot.changes import Changes
from bot.database import UNREACHABLE
from bot.decisions import Choice
from bot.errors import PlatformError
from bot.inbox import Inbox
from bot.platform import Act
from bot.slack.blocks import ACTIONS, DECISIONS, RATE
from bot.slack.deciding import Decisions
from bot.slack.decision_forms import DENY, EDIT
from bot.slack.forms import Json
from bot.slack.rating import WHY, Rating
from bot.slack.recalling import DELETE, Recall
from bot.slack.setting_up import SetupForm
from bot.slack.setup_form import SETUP

log = structlog.get_logger()

Ack = Callable[[], Awaitable[None]]
Answer = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Gestures:
    """Bolt's listeners for them. Bolt passes what they take by its name."""

    inbox: Inbox
    changes: Changes
    recall: Recall
    rating: Rating
    form: SetupForm
    decisions: Decisions

    def register(self, app: Any) -> None:
        """Have a Bolt app listen for them; its types are incomplete."""
        for act, listener in {
            Act.STOP: self._stop,
            Act.RETRY: self._retry,
            Act.AGAIN: self._again,
            Act.BRANCH: self._branch,
            Act.EARLIER: self._recall,
            Act.OLDER: self._recall,
            Act.NEWER: self._recall,
            Act.RECALL: self._recall,
        }.items():
            app.action(ACTIONS[act])(listener)
        app.action(DECISIONS[Choice.APPROVE])(self._approve)
        app.action(DECISIONS[Choice.EDIT])(self._open_edit)
        app.action(DECISIONS[Choice.DENY])(self._open_denial)
        app.view(EDIT)(self._edit)
        app.view(DENY)(self._deny)
        app.action(RATE)(self._rate)
        app.view(WHY)(self._explain)
        app.shortcut(DELETE)(self._delete_answer)
        app.shortcut(SETUP)(self._open_setup)
        app.view(SETUP)(self._save_setup)

    async def _stop(self, ack: Ack, body: Json, action: Json) -> None:
        if turn := _number(action):
            await self.inbox.stop(turn, _user(body))
            log.info("stop_asked", turn=turn)
        await ack()

    async def _retry(self, ack: Ack, body: Json, action: Json) -> None:
        await self._try_again(ack, body, action, afresh=False)

    async def _again(self, ack: Ack, body: Json, action: Json) -> None:
        await self._try_again(ack, body, action, afresh=True)

    async def _try_again(self, ack: Ack, body: Json, action: Json, *, afresh: bool) -> None:
        if turn := _number(action):
            is_known = await self.changes.try_again(*_place(body), turn, afresh=afresh)
            log.info("asked_again", turn=turn, afresh=afresh, is_known=is_known)
        await ack()

    async def _branch(self, ack: Ack, body: Json, action: Json) -> None:
        if turn := _number(action):
            at = str(action.get("action_ts") or "0")
            is_known = await self.changes.branch(*_place(body), turn, _user(body), at)
            log.info("branch_asked", turn=turn, is_known=is_known)
        await ack()

    async def _recall(self, ack: Ack, body: Json, action: Json) -> None:
        await ack()
        try:
            if turn := _number(action):
                await self.recall.show(body, turn, is_version=action.get("action_id") != ACTIONS[Act.RECALL])
        except (PlatformError, *UNREACHABLE) as error:
            log.warning("turn_not_recalled", error=type(error).__name__)

    async def _approve(self, ack: Ack, body: Json, action: Json) -> None:
        await self.decisions.approve(body, _number(action))
        await ack()

    async def _open_edit(self, ack: Ack, body: Json, action: Json) -> None:
        await ack()
        await self.decisions.open_form(body, _number(action), Choice.EDIT)

    async def _open_denial(self, ack: Ack, body: Json, action: Json) -> None:
        await ack()
        await self.decisions.open_form(body, _number(action), Choice.DENY)

    # Until they are acknowledged the forms stand open with what was written in them.
    async def _edit(self, ack: Answer, body: Json) -> None:
        await ack(**await self.decisions.edit(body))

    async def _deny(self, ack: Answer, body: Json) -> None:
        await ack(**await self.decisions.deny(body))

    async def _rate(self, ack: Ack, body: Json, action: Json) -> None:
        value = str(action.get("value"))
        is_known = await self.rating.rate(*_place(body), _user(body), value)
        await ack()
        if is_known:
            await self.rating.ask_why(body, value)
            await self.rating.tell(_user(body), value)

    async def _explain(self, ack: Ack, body: Json) -> None:
        # Until it is acknowledged the form stands open with what was written in it.
        is_good = await self.rating.explain(body)
        await ack()
        if is_good is not None:
            await self.rating.tell_why(body, is_good=is_good)

    async def _delete_answer(self, ack: Ack, body: Json) -> None:
        is_theirs = await self.changes.delete_answer(*_place(body), str(body["message"]["ts"]), _user(body))
        log.info("answer_deleted", by=_user(body), is_theirs=is_theirs)
        await ack()
        if not is_theirs:
            with suppress(PlatformError):
                await self.recall.refuse(body)

    async def _open_setup(self, ack: Ack, body: Json) -> None:
        await ack()
        try:
            await self.form.open(body)
        except PlatformError as error:
            log.warning("form_not_opened", code=error.code)

    async def _save_setup(self, ack: Ack, body: Json) -> None:
        await self.form.save(body)
        await ack()


def _number(action: Json) -> int:
    """What a button is about, a turn or a request; 0 if it names none."""
    value = str(action.get("value"))
    return int(value) if value.isdecimal() else 0


def _place(body: Json) -> tuple[str, str]:
    """Workspace and channel."""
    return str(body["team"]["id"]), str(body["channel"]["id"])


def _user(body: Json) -> str:
    return str(body["user"]["id"])
