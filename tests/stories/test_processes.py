"""The bot as people start it: a process that can be stopped, killed and started again."""

import signal
from datetime import timedelta

from bot.settings import Settings
from bot.slack.local import Fault, LocalSlack
from tests.conftest import Model
from tests.stories.processes import LISTENING, environment, running, until_printed
from tests.stories.speech import answered, echo


async def test_killed_and_started_again_it_still_knows_the_thread(
    slack: LocalSlack, model: Model, settings: Settings
) -> None:
    model.script = echo
    env = environment(settings)
    async with running("serve", env=env) as process:
        await until_printed(process.stderr, LISTENING)
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
        await until_printed(process.stderr, b"turn_ended")
        process.kill()
        await process.wait()
    # Said while nobody is there: Slack brings it when somebody is.
    await slack.say("ada", "general", "two", thread=ts)
    async with running("serve", env=env) as process:
        await until_printed(process.stderr, LISTENING)
        await answered(slack, "general", ts, "1: one", "3: two")
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_neither_secrets_nor_words_stand_in_the_log(slack: LocalSlack, model: Model, settings: Settings) -> None:
    model.script = echo
    env = environment(settings, LOG_LEVEL="debug")
    async with running("serve", env=env) as process:
        log = await until_printed(process.stderr, LISTENING)
        ts = await slack.say("ada", "general", "@skein my heart is a canary")
        await answered(slack, "general", ts, "1: my heart is a canary")
        process.terminate()
        output, rest = await process.communicate()
    everything = (log + output + rest).decode()
    assert "turn_ended" in everything
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
    async with running("serve", env=environment(settings)) as process:
        await slack.until(lambda: len(slack.calls) >= 2, within=timedelta(seconds=20))
        process.terminate()
        assert await process.wait() == 0
    assert model.server.requests == []
