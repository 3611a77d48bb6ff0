"""People rate an answer, and say what was wrong with it."""

import csv
import json
from datetime import timedelta
from io import StringIO
from typing import Any

from bot.feedback import feedback
from bot.script import Say
from bot.settings import Settings
from bot.slack.blocks import RATE
from bot.slack.local import LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import quiet, written


async def rate(slack: LocalSlack, who: str, thread: str, thumb: str) -> None:
    message = slack.replies("general", thread)[-1]
    (value,) = (button.value for button in message.buttons if button.label == thumb)
    await slack.click(who, "general", message.ts, RATE, value=value)
    await quiet(slack)


async def told(settings: Settings, layout: str = "json") -> str:
    out = StringIO()
    await feedback(settings, timedelta(days=1), layout, out=out)
    return out.getvalue()


async def ratings(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await told(settings)).splitlines()]


async def test_a_thumb_is_kept_with_what_answered_and_the_last_one_counts(
    slack: LocalSlack, model: Model, start: OpenBot, settings: Settings
) -> None:
    model.script = lambda _: Say("An answer.")
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await written(slack, "general", ts, 1)
        await rate(slack, "ada", ts, "👎")
        await slack.until(lambda: slack.modal("ada"))
        await slack.submit("ada", {"why": "=It is\nwrong."})
        await slack.until(lambda: slack.modal("ada") is None)
        await rate(slack, "grace", ts, "👎")
        await rate(slack, "grace", ts, "👍")
        await rate(slack, "grace", ts, "👍")
        first, second = await ratings(settings)
        assert (first["who"], first["is_good"], first["why"]) == (slack.user("ada").id, False, "=It is\nwrong.")
        assert (second["who"], second["is_good"], second["why"]) == (slack.user("grace").id, True, "")
        assert first["conversation"] == f"{slack.team_id}/{slack.channel('general').id}/{ts}"
        assert first["model"] == settings.model
        assert first["versions"].keys() == {"skein", "langgraph", "langchain-core"}
        lines = (await told(settings, "lines")).splitlines()
        assert lines[0].endswith(f"{settings.model}: =It is wrong.")
        assert lines[-1] == "1 good, 1 bad."
        table = list(csv.DictReader(StringIO(await told(settings, "csv"))))
        assert [row["why"] for row in table] == ["'=It is\nwrong.", ""]


async def test_nobody_has_rated_anything(start: OpenBot, settings: Settings) -> None:
    async with start():
        assert await told(settings, "lines") == "Nobody has rated anything.\n"


async def test_what_is_not_an_answer_cannot_be_rated(
    slack: LocalSlack, model: Model, start: OpenBot, settings: Settings
) -> None:
    model.script = lambda _: Say("An answer.")
    async with start():
        ts = await slack.say("ada", "general", "@skein")
        await written(slack, "general", ts, 1)
        assert not slack.replies("general", ts)[0].buttons
        assert await ratings(settings) == []
