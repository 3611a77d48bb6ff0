"""Bolt's listeners: parse, put into the inbox, acknowledge; nothing else.

What must be stored before Slack hears "yes" is done in a listener's middleware: Bolt acknowledges before it runs a
listener, but after its middleware. If storing raises, Bolt answers 500 (or, in Socket Mode, nothing), and Slack
brings the event again.
"""

import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.changes import Changes
from bot.conversation import Address, Message
from bot.inbox import Inbox
from bot.setups import Setups
from bot.slack.asking import Asking
from bot.slack.client import Identity
from bot.slack.deliveries import Deliveries
from bot.slack.events import Heard, parse
from bot.slack.gestures import Gestures
from bot.slack.home import Home

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
    gestures: Gestures,
    home: Home | None = None,
    asking: Asking | None = None,
    views: Callable[[str, str], Awaitable[None]] | None = None,
) -> AsyncApp:
    """The Bolt app, for Socket Mode and HTTP alike. Over HTTP `bot.slack.http` has checked the signature before.

    `waiting` is told of each new message whose conversation is busy; it must return at once. `names` gives those by
    which people here are called, as far as they are known. `views` is told who looks at which channel. `setups` says
    in which channels only a mention counts.
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
            if views and heard.viewing is not None:
                await views(heard.message.author, heard.viewing)
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
    gestures.register(app)
    for more in (home, asking):
        if more:
            more.register(app)
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


async def _acknowledge_event() -> None:
    """Nothing: Bolt acknowledges events by itself."""


async def _acknowledge(ack: Callable[[], Awaitable[None]]) -> None:
    await ack()
