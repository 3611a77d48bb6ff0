"""Showing a form to whoever clicked on something."""

from collections.abc import Mapping
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.errors import PlatformError
from bot.slack.client import spend
from bot.slack.forms import Json
from bot.slack.tiers import OPEN_VIEW

log = structlog.get_logger()


async def show_form(client: AsyncWebClient, budget: Budget, body: Mapping[str, Any], form: Json) -> None:
    """Show it to whoever the gesture with this `body` is from; after 3 s Slack opens none any more, and there is none.

    The log says so: nothing is raised.
    """
    trigger = str(body["trigger_id"])
    try:
        await spend(budget, OPEN_VIEW, "", lambda: client.views_open(trigger_id=trigger, view=form))
    except PlatformError as error:
        log.warning("form_not_opened", code=error.code)
