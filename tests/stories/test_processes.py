"""The bot as people start it: a process that can be stopped, killed and started again."""

import asyncio
import signal

from bot.app import serve
from bot.settings import Settings
from bot.slack.local import Fault, LocalSlack
from tests.conftest import Model
from tests.stories.processes import LISTENING, environment, running, until_printed
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
    slack: LocalSlack, model: Model, settings: Settings
) -> None:
    async with running("serve", env=environment(settings, SLACK_BOT_TOKEN="xoxb-wrong")) as process:
        output, errors = await process.communicate()
    assert process.returncode == 2
    assert output == b""
    assert errors.decode().splitlines()[-1].startswith("Slack refuses: invalid_auth.")
    assert b"Traceback" not in errors
    assert slack.calls
    assert model.server.requests == []


async def test_it_can_be_stopped_while_it_waits_for_slack(slack: LocalSlack, model: Model, settings: Settings) -> None:
    slack.fail("auth.test", Fault(status=503), times=1000)
    serving = asyncio.create_task(serve(settings))
    await slack.until(lambda: len(slack.calls) >= 2)
    signal.raise_signal(signal.SIGTERM)
    await serving
    assert model.server.requests == []
