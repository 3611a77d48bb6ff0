"""Bolt's listeners: parse, put into the inbox, acknowledge; nothing else.

What must be stored before Slack hears "yes" is done in a listener's middleware: Bolt acknowledges before it runs a
listener, but after its middleware. If storing raises, Bolt answers 500 (or, in Socket Mode, nothing), and Slack
brings the event again.
"""

import re
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.changes import Changes
from bot.conversation import Address, Message
from bot.database import UNREACHABLE
from bot.errors import PlatformError
from bot.inbox import Inbox
from bot.platform import Act
from bot.setups import Setups
from bot.slack.blocks import ACTIONS, RATE
from bot.slack.client import Identity
from bot.slack.deliveries import Deliveries
from bot.slack.events import Heard, parse
from bot.slack.rating import WHY, Rating
from bot.slack.recalling import DELETE, Recall
from bot.slack.setting_up import SetupForm
from bot.slack.setup_form import SETUP

log = structlog.get_logger()

Next = Callable[[], Awaitable[None]]

ANY = re.compile(".*")


def build_app(
    client: AsyncWebClient,
    identity: Identity,
    inbox: Inbox,
    *,
    changes: Changes,
    waiting: Callable[[Message], None],
    names: Callable[[], Collection[str]] = tuple,
    setups: Setups,
    form: SetupForm,
    recall: Recall,
    rating: Rating,
) -> AsyncApp:
    """The Bolt app, for Socket Mode and HTTP alike. Over HTTP `bot.slack.http` has checked the signature before.

    `waiting` is told of each new message whose conversation is busy; it must return at once. `names` gives those by
    which people here are called, as far as they are known. `setups` says in which channels only a mention counts.
    """
    deliveries = Deliveries()

    async def authorize() -> AuthorizeResult:
        # Bolt's own way asks Slack at the first event, and acknowledges that event unseen when Slack does not answer.
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.workspace,
            bot_user_id=identity.user,
            bot_id=identity.bot,
            bot_token=client.token,
        )

    async def store(body: dict[str, Any], next: Next) -> None:  # noqa: A002 (Bolt passes it by this name)
        heard = parse(body, identity, names())
        if isinstance(heard, Heard):
            if heard.address is Address.NOBODY and not (await setups.of(heard.message.conversation.channel)).follow_ups:
                heard = replace(heard, address=Address.MACHINE)  # heard, and left alone
            waits = await deliveries.store(heard.event_id, partial(_store, inbox, changes, heard))
            log.info(
                "event_heard",
                event_id=heard.event_id,
                waits=waits,
                is_change=heard.is_deleted or bool(heard.message.edited),
            )
            if waits:
                waiting(heard.message)
        else:
            log.debug("event_ignored", reason=heard.reason, event_id=body.get("event_id"))
        await next()

    # A client of its own, without a token: beside `authorize` Bolt would warn of one at each start.
    tokenless = AsyncWebClient(base_url=client.base_url, session=client.session, retry_handlers=[])
    # Bolt's types are incomplete: its decorators count as unknown. Without a name it would look one up in the sources
    # of the whole stack, which takes 100 ms.
    app: Any = AsyncApp(name="skein", client=tokenless, authorize=authorize, request_verification_enabled=False)
    app.event("app_mention", middleware=[store])(_acknowledge_event)
    app.event("message", middleware=[store])(_acknowledge_event)
    app.action(ACTIONS[Act.STOP])(_stopping(inbox))
    for act in (Act.AGAIN, Act.RETRY):
        app.action(ACTIONS[act])(_trying_again(changes, afresh=act is Act.AGAIN))
    app.action(ACTIONS[Act.BRANCH])(_branching(changes))
    for act in (Act.EARLIER, Act.RECALL):
        app.action(ACTIONS[act])(_recalling(recall))
    app.action(RATE)(_rating(rating))
    app.view(WHY)(_explaining(rating))
    app.shortcut(SETUP)(_opening(form))
    app.shortcut(DELETE)(_deleting(changes, recall))
    app.view(SETUP)(_saving(form))
    # What no listener matches is not acknowledged and would come again.
    app.event(ANY)(_acknowledge_event)
    for of_any_kind in (app.action, app.shortcut, app.view, app.command, app.options):
        of_any_kind(ANY)(_acknowledge)
    return app


async def _store(inbox: Inbox, changes: Changes, heard: Heard) -> bool:
    """Put it into the inbox, or change what stands there; tell whether a new message has to wait for its turn."""
    if heard.is_deleted:
        await changes.delete(heard.message)
        return False
    if not heard.message.edited:
        return await inbox.put(
            heard.message, address=heard.address, event_id=heard.event_id, client_msg_id=heard.client_msg_id
        )
    await changes.revise(
        heard.message,
        address=heard.address,
        event_id=heard.event_id,
        client_msg_id=heard.client_msg_id,
        may_be_new=heard.may_be_new,
    )
    return False


def _stopping(inbox: Inbox) -> Callable[..., Awaitable[None]]:
    async def stop(ack: Callable[[], Awaitable[None]], body: dict[str, Any], action: dict[str, Any]) -> None:
        # Stored before it is acknowledged: Slack shows whoever clicked that it failed, and does not send it again.
        turn = str(action.get("value"))
        if turn.isdecimal():
            await inbox.stop(int(turn), str(body["user"]["id"]))
            log.info("stop_asked", turn=int(turn))
        await ack()

    return stop


def _trying_again(changes: Changes, *, afresh: bool) -> Callable[..., Awaitable[None]]:
    async def trying_again(ack: Callable[[], Awaitable[None]], body: dict[str, Any], action: dict[str, Any]) -> None:
        # Stored before it is acknowledged: Slack shows whoever clicked that it failed.
        turn, place = str(action.get("value")), (str(body["team"]["id"]), str(body["channel"]["id"]))
        if turn.isdecimal():
            is_known = await changes.try_again(*place, int(turn), afresh=afresh)
            log.info("asked_again", turn=int(turn), afresh=afresh, is_known=is_known)
        await ack()

    return trying_again


def _branching(changes: Changes) -> Callable[..., Awaitable[None]]:
    async def branch(ack: Callable[[], Awaitable[None]], body: dict[str, Any], action: dict[str, Any]) -> None:
        turn, place = str(action.get("value")), (str(body["team"]["id"]), str(body["channel"]["id"]))
        if turn.isdecimal():
            at = str(action.get("action_ts") or "")
            is_known = await changes.branch(*place, int(turn), str(body["user"]["id"]), at)
            log.info("branch_asked", turn=int(turn), is_known=is_known)
        await ack()

    return branch


def _rating(rating: Rating) -> Callable[..., Awaitable[None]]:
    async def rate(ack: Callable[[], Awaitable[None]], body: dict[str, Any], action: dict[str, Any]) -> None:
        value = str(action.get("value"))
        is_known = await rating.rate(body, value)
        await ack()
        if is_known:
            await rating.ask_why(body, value)

    return rate


def _explaining(rating: Rating) -> Callable[..., Awaitable[None]]:
    async def explain(ack: Callable[..., Awaitable[None]], body: dict[str, Any]) -> None:
        # Stored before it is acknowledged: until then the form stands open with what was written in it.
        await rating.explain(body)
        await ack()

    return explain


def _recalling(recall: Recall) -> Callable[..., Awaitable[None]]:
    async def recalling(ack: Callable[[], Awaitable[None]], body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        turn = str(action.get("value"))
        try:
            if turn.isdecimal():
                await recall.show(body, int(turn))
        except (PlatformError, *UNREACHABLE) as error:
            # Whoever clicked sees nothing, and may click again.
            log.warning("turn_not_recalled", error=type(error).__name__)

    return recalling


def _deleting(changes: Changes, recall: Recall) -> Callable[..., Awaitable[None]]:
    async def deleting(ack: Callable[[], Awaitable[None]], body: dict[str, Any]) -> None:
        # Stored before it is acknowledged: Slack shows whoever chose it that it failed.
        place, user = (str(body["team"]["id"]), str(body["channel"]["id"])), str(body["user"]["id"])
        is_theirs = await changes.delete_answer(*place, str(body["message"]["ts"]), user)
        log.info("answer_deleted", by=user, is_theirs=is_theirs)
        await ack()
        if not is_theirs:
            with suppress(PlatformError):
                await recall.refuse(body)

    return deleting


def _opening(form: SetupForm) -> Callable[..., Awaitable[None]]:
    async def opening(ack: Callable[[], Awaitable[None]], body: dict[str, Any]) -> None:
        await ack()
        try:
            await form.open(body)
        except PlatformError as error:
            # Whoever clicked sees that nothing opens, and may click again.
            log.warning("form_not_opened", code=error.code)

    return opening


def _saving(form: SetupForm) -> Callable[..., Awaitable[None]]:
    async def saving(ack: Callable[..., Awaitable[None]], body: dict[str, Any]) -> None:
        # Stored before it is acknowledged: until then the form stands open with what was written in it.
        await form.save(body)
        await ack()

    return saving


async def _acknowledge_event() -> None:
    """Nothing: Bolt acknowledges events by itself."""


async def _acknowledge(ack: Callable[[], Awaitable[None]]) -> None:
    await ack()
