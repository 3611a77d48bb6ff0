"""The bot as people start it: a process that can be stopped, killed and started again."""

import asyncio
import signal

import pytest

from bot.app import serve
from bot.settings import Settings
from bot.slack.local import Fault, LocalSlack
from tests.stage import Command, Model, environment
from tests.stories.processes import LISTENING, running, until_printed
from tests.stories.speech import answered, echo


async def test_killed_and_started_again_it_still_knows_the_thread_and_its_log_keeps_quiet(
    slack: LocalSlack, model: Model, settings: Settings
) -> None:
    model.script = echo
    env = environment(settings, LOG_LEVEL="debug")
    async with running("serve", env=env) as process:
        log = await until_printed(process.stderr, LISTENING)
        ts = await slack.say("ada", "general", "@skein one canary")
        await answered(slack, "general", ts, "1: one canary")
        log += await until_printed(process.stderr, b"turn_ended")
        process.kill()
        await process.wait()
    # Said while nobody is there: Slack brings it when somebody is.
    await slack.say("ada", "general", "two", thread=ts)
    async with running("serve", env=env) as process:
        await until_printed(process.stderr, LISTENING)
        await answered(slack, "general", ts, "1: one canary", "3: two")
        process.send_signal(signal.SIGTERM)
        output, rest = await process.communicate()
        assert process.returncode == 0
    everything = (log + output + rest).decode()
    assert everything.count("turn_ended") == 2
    secrets = [env[name] for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "OPENAI_API_KEY")]
    assert [word for word in ["canary", *secrets] if word in everything] == []


async def test_a_token_that_slack_refuses_is_said_without_a_traceback(
    slack: LocalSlack, command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-wrong")
    assert await command("serve") == 2
    assert capsys.readouterr() == ("", "Slack refuses: invalid_auth. `bot check` tells which setting is wrong.\n")
    assert [call.outcome for call in slack.calls] == ["invalid_auth"]


async def test_it_can_be_stopped_while_it_waits_for_slack(slack: LocalSlack, model: Model, settings: Settings) -> None:
    slack.fail("auth.test", Fault(status=503), times=1000)
    serving = asyncio.create_task(serve(settings))
    await slack.until(lambda: len(slack.calls) >= 2)
    signal.raise_signal(signal.SIGTERM)
    await serving
    assert model.server.requests == []
