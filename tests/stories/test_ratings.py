"""People rate an answer, and say what was wrong with it."""

import csv
import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from langsmith import utils

from bot.feedback import feedback
from bot.script import Say
from bot.settings import Settings
from bot.slack.blocks import RATE
from bot.slack.local import LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import quiet, written

PROJECT = {
    "id": "00000000-0000-7000-8000-000000000001",
    "tenant_id": "00000000-0000-7000-8000-000000000002",
    "name": "default",
    "start_time": "2026-01-01T00:00:00Z",
    "reference_dataset_id": None,
}


@pytest.fixture
async def langsmith(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[list[tuple[str, str]], None]:
    """A LangSmith that keeps what it is sent, method and path and body; the settings are there."""
    sent: list[tuple[str, str]] = []
    known: set[str] = set()

    async def take(request: web.Request) -> web.Response:
        body = (await request.read()).decode(errors="replace")
        sent.append((f"{request.method} {request.path}", body))
        if request.path.endswith("/feedback"):
            name = json.loads(body)["id"]
            if name in known:
                return web.json_response({"detail": "there already"}, status=409)
            known.add(name)
        return web.json_response([PROJECT] if request.path.endswith("/sessions") else {})

    app = web.Application(client_max_size=10**8)
    app.router.add_route("*", "/{path:.*}", take)
    async with TestServer(app) as server:
        settings = {"TRACING": "true", "API_KEY": "made-up", "ENDPOINT": str(server.make_url("")).rstrip("/")}
        for name, value in settings.items():
            monkeypatch.setenv(f"LANGSMITH_{name}", value)
        monkeypatch.setattr("langsmith.run_trees._CLIENT", None)
        utils.get_env_var.cache_clear()  # pyright: ignore[reportFunctionMemberAccess]
        yield sent
    monkeypatch.undo()
    utils.get_env_var.cache_clear()  # pyright: ignore[reportFunctionMemberAccess]


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


async def test_langsmith_is_told_by_the_turns_trace(
    slack: LocalSlack, model: Model, start: OpenBot, langsmith: list[tuple[str, str]]
) -> None:
    model.script = lambda _: Say("An answer.")
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await written(slack, "general", ts, 1)
        await rate(slack, "ada", ts, "👍")
        await slack.until(lambda: told_langsmith(langsmith) == [(1.0, "")])
        (trace,) = {json.loads(body)["run_id"] for path, body in langsmith if path == "POST /feedback"}
        await slack.until(lambda: any(trace in body for path, body in langsmith if "runs" in path))
        await rate(slack, "ada", ts, "👎")
        await slack.until(lambda: slack.modal("ada"))
        await slack.submit("ada", {"why": "Wrong."})
        await slack.until(lambda: sorted(changed_at_langsmith(langsmith)) == [(0.0, "-"), (0.0, "Wrong.")])


async def test_a_langsmith_that_is_away_is_no_harm(
    slack: LocalSlack, model: Model, start: OpenBot, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.traces.is_traced", lambda: True)
    monkeypatch.setattr("bot.traces._tell", Mock(side_effect=OSError))
    model.script = lambda _: Say("An answer.")
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await written(slack, "general", ts, 1)
        await rate(slack, "ada", ts, "👍")
        assert (await ratings(settings))[0]["is_good"]


def told_langsmith(sent: list[tuple[str, str]]) -> list[tuple[float, str | None]]:
    told = [json.loads(body) for path, body in sent if path == "POST /feedback"]
    return [(one["score"], one.get("comment")) for one in told]


def changed_at_langsmith(sent: list[tuple[str, str]]) -> list[tuple[float, str]]:
    """In the order in which they came, which is any; "-" leaves what was said as it is."""
    told = [json.loads(body) for path, body in sent if path.startswith("PATCH /feedback/")]
    return [(one["score"], one.get("comment", "-")) for one in told]
