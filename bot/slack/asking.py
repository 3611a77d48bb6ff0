"""Asking without an audience: shortcuts in the menu of a message, and a command."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.conversation import Conversation, File
from bot.private_questions import PrivateQuestion, PrivateQuestions
from bot.slack.addresses import address
from bot.slack.client import Identity
from bot.slack.events import files_of, readable
from bot.slack.forms import Json, field, modal, plain, text_field, word
from bot.slack.showing import show_form

ASK, SUMMARISE = "skein_ask", "skein_summarise"
"""The shortcuts; the first is the form's name as well."""

COMMAND = "/ask"

PRIVATELY = "The answer comes into your direct messages with me, in a thread of its own."
READING = "I am reading the thread. What it comes to stands in your direct messages with me in a moment."
NOTHING = f"Write your question behind it: {COMMAND} what is the weather in SF?"
LACKS = "I may not write to you first here. Whoever runs me has to install me anew, with the scope im:write."

CARRIES = 3_000
"""Characters that a form carries along, by Slack's limit."""

CUT = " […]"

Ack = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asking:
    """Bolt's listeners for it. Bolt passes what they take by its name."""

    client: AsyncWebClient
    budget: Budget
    identity: Identity
    questions: PrivateQuestions

    def register(self, app: Any) -> None:
        """Have a Bolt app listen for them; its types are incomplete."""
        app.shortcut(ASK)(self._open_form)
        app.shortcut(SUMMARISE)(self._summarise)
        app.view(ASK)(self._ask)
        app.command(COMMAND)(self._command)

    async def _open_form(self, ack: Ack, body: Json) -> None:
        await ack()
        await self._show(body, _form(self._about(body)) if self._can else word("Ask about this", LACKS))

    async def _summarise(self, ack: Ack, body: Json) -> None:
        if not self._can:
            await ack()
            await self._show(body, word("Summarise this thread", LACKS))
            return
        about = self._about(body)
        await self.questions.put(PrivateQuestion(**_asker(body, str(body["action_ts"])), summarise=True, **about))
        await ack()
        await self._show(body, word("Summarise this thread", READING))

    async def _ask(self, ack: Ack, body: Json) -> None:
        # Until it is acknowledged the form stands open with what was written in it.
        about = json.loads(body["view"]["private_metadata"])
        about["files"] = tuple(File(**file) for file in about["files"])
        text = str(body["view"]["state"]["values"]["question"]["question"].get("value") or "").strip()
        if not text:
            await ack(response_action="errors", errors={"question": "What do you want to know?"})
            return
        await self.questions.put(PrivateQuestion(**_asker(body, str(about.pop("asked"))), text=text, **about))
        await ack(response_action="update", view=word("Ask about this", PRIVATELY))

    async def _command(self, ack: Ack, body: Json) -> None:
        text = readable(str(body.get("text") or ""), self.identity.user)
        if not (text and self._can):
            await ack(NOTHING if self._can else LACKS)
            return
        await self.questions.put(PrivateQuestion(str(body["user_id"]), f"{time.time():.6f}", text))
        await ack(PRIVATELY)

    @property
    def _can(self) -> bool:
        """Whether it may begin direct messages: an app that was installed before it asked for that may not."""
        scopes = self.identity.scopes
        return not scopes or "im:write" in scopes

    def _about(self, body: Json) -> Json:
        """The message in whose menu it was."""
        message: Json = body["message"]
        ts, channel = str(message["ts"]), str(body["channel"]["id"])
        place = Conversation(self.identity.workspace, channel, str(message.get("thread_ts") or ts))
        return {
            "channel": channel,
            "thread": place.thread,
            "link": address(self.identity.url, place, ts),
            "author": str(message.get("user") or message.get("bot_id") or ""),
            "about": readable(str(message.get("text") or ""), self.identity.user),
            "files": files_of(message),
        }

    async def _show(self, body: Json, view: Json) -> None:
        await show_form(self.client, self.budget, body, view)


def _asker(body: Json, asked: str) -> dict[str, Any]:
    return {"who": str(body["user"]["id"]), "asked": asked}


def _form(about: Json) -> Json:
    asked = field("question", "What do you want to know?", text_field(), hint=PRIVATELY)
    form = modal("Ask about this") | {"callback_id": ASK, "private_metadata": _carried(about)}
    return form | {"submit": plain("Ask"), "blocks": [asked]}


def _carried(about: Json) -> str:
    """What the form has to know of the message once it is sent: of a long one the beginning."""
    told = {**about, "files": [asdict(file) for file in about["files"]], "asked": f"{time.time():.6f}"}
    written, kept = json.dumps(told, ensure_ascii=False), len(about["about"])
    while len(written) > CARRIES:
        told["files"] = told["files"][:-1]
        kept -= len(written) - CARRIES
        written = json.dumps({**told, "about": about["about"][: max(kept, 0)] + CUT}, ensure_ascii=False)
    return written
