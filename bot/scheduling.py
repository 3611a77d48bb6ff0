"""The tools by which people have something done later, in words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, ToolException

from bot.conversation import DIRECT
from bot.recurrence import following, in_words, recurring
from bot.reminders import Reminder, Reminders

MOST = 50
"""How much one person may have waiting."""
LONGEST = 1_000
"""Characters of what is to be done."""

SCHEDULE = (
    "Have something done later in this conversation: a reminder, or a task for you. Give the date and time by the "
    "clock of who asks, as in 2026-11-27T09:00; where it is to be done again and again, also an RRULE of RFC 5545, "
    "such as FREQ=WEEKLY;BYDAY=MO. Ask for the present time first. Say in words what is to be done, so that it can be "
    "understood then."
)
SCHEDULED = "Tell what is to be done later for who asks, and in this channel, each with its id."
UNSCHEDULE = "Do not do what was to be done later, by the ids that `scheduled` tells."


def scheduling(reminders: Reminders) -> list[BaseTool]:
    """The tools `schedule`, `scheduled` and `unschedule`."""

    async def schedule(config: RunnableConfig, what: str, at: str, repeat: str = "") -> str:
        asked = _asked(config)
        if not 0 < len(what.strip()) <= LONGEST:
            raise ToolException(f"What is to be done has 1 to {LONGEST} characters.")
        if len(await reminders.known(asked["asker"])) >= MOST:
            raise ToolException(f"{MOST} things wait already; cancel some first.")
        reminder = _reminder(asked, what.strip(), at, repeat)
        return f"Scheduled as {await reminders.add(reminder)}: {_line(reminder)}"

    async def scheduled(config: RunnableConfig) -> str:
        asked = _asked(config)
        known = await reminders.known(asked["asker"], asked["channel"])
        return "\n".join(f"{one.id}: {_line(one)}" for one in known) or "Nothing is to be done later."

    async def unschedule(config: RunnableConfig, ids: list[int]) -> str:
        asked = _asked(config)
        gone = await reminders.cancel(ids, asked["asker"], asked["channel"])
        return f"Cancelled: {gone}." if gone else "There is nothing with these ids."

    return [
        StructuredTool.from_function(coroutine=schedule, description=SCHEDULE),
        StructuredTool.from_function(coroutine=scheduled, description=SCHEDULED),
        StructuredTool.from_function(coroutine=unschedule, description=UNSCHEDULE),
    ]


def _asked(config: RunnableConfig) -> dict[str, Any]:
    """Who asks, and where: not a model's word. Raises ToolException for a run that nobody in particular started."""
    asked = config.get("configurable", {})
    if not asked.get("asker") or not asked.get("workspace"):
        raise ToolException("Nothing can be scheduled here.")
    return asked


def _reminder(asked: dict[str, Any], what: str, at: str, repeat: str) -> Reminder:
    zone = str(asked.get("zone") or "UTC")
    try:
        there = datetime.fromisoformat(at.strip()).replace(tzinfo=None, microsecond=0)
        rule = recurring(repeat, there) if repeat.strip() else None
        moment = there.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ToolException(f"{error} The time reads as in 2026-11-27T09:00.") from error
    now = datetime.now(UTC)
    # The first time by the rule need not be the one that was given.
    due = following(rule, zone, max(now, moment - timedelta(seconds=1))) if rule else moment
    if due is None or due <= now:
        raise ToolException(f"That is past: there it is {now.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M} now.")
    lane = f"{asked['workspace']}/{asked['channel']}/{asked.get('thread') or DIRECT}"
    return Reminder(lane, asked["asker"], what, zone, due, rule)


def _line(reminder: Reminder) -> str:
    when = reminder.next_at.astimezone(ZoneInfo(reminder.zone))
    return f"{when:%A %Y-%m-%d %H:%M} ({reminder.zone}), {in_words(reminder.rule)}: {reminder.what}"
