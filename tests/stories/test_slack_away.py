"""Slack or the way to it is away for a while: nothing is lost, and nothing is said twice."""

from datetime import timedelta

import pytest

from bot.app import Bot
from bot.script import Gate, Say
from bot.slack.local import Fault, LocalSlack
from tests.stage import OVER_HTTP, Model, OpenBot
from tests.stories.speech import SOON, answered, echo, page

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _the_model_echoes(model: Model) -> None:
    model.script = echo


FAULTS = {
    "refused with 503": Fault(status=503),
    "refused by a word": Fault(error="internal_error"),
    "cut before": Fault(reset="before"),
    "cut after it was accepted": Fault(reset="after"),
    "accepted after the time was up": Fault(delay=timedelta(milliseconds=530)),
    "asked for patience": Fault(retry_after=1),
}


@pytest.mark.usefixtures("_short_waits")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_whatever_slack_does_to_a_call_there_is_one_message(
    slack: LocalSlack, model: Model, start: OpenBot, method: str, fault: Fault
) -> None:
    gate = Gate()
    model.script = lambda _: Say(["One", gate, " two"])
    async with start():
        slack.fail(method, fault, times=2 if fault.retry_after is None else 1)
        ts = await slack.say("ada", "general", "@skein count")
        await answered(slack, "general", ts, "One")
        gate.open()
        await answered(slack, "general", ts, "One two")
    assert [reply.body for reply in slack.replies("general", ts)] == ["One two"]


@pytest.mark.usefixtures("_short_waits")
async def test_an_accepted_post_is_found_although_slack_is_away_for_longer(slack: LocalSlack, start: OpenBot) -> None:
    slack.fail("chat.postMessage", Fault(reset="after"))
    slack.fail("conversations.replies", Fault(status=500), times=2)
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
    assert len(slack.replies("general", ts)) == 1


@pytest.mark.usefixtures("_short_waits")
async def test_in_a_direct_message_an_accepted_post_is_found_as_well(slack: LocalSlack, start: OpenBot) -> None:
    slack.fail("chat.postMessage", Fault(reset="after"))
    async with start():
        await slack.direct("ada", "one")
        await answered(slack, slack.direct_channel("ada"), None, "1: one")
        await slack.direct("ada", "two")
        await answered(slack, slack.direct_channel("ada"), None, "1: one", "3: two")


@pytest.fixture
def _quick_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.socket.PING_PAUSE_SECONDS", 0.2)


@pytest.mark.usefixtures("_quick_pings")
@pytest.mark.skipif(OVER_HTTP, reason="it is about sockets")
async def test_while_one_connection_is_renewed_the_other_listens(slack: LocalSlack, bot: Bot) -> None:
    assert slack.connections == 2
    await slack.refresh()
    threads = [await slack.say("ada", "general", f"@skein {number}") for number in range(4)]
    for number, thread in enumerate(threads):
        await answered(slack, "general", thread, f"1: {number}")
    await slack.until(lambda: slack.connections == 2)
    assert (await page(bot, "/readyz"))[0] == 200


@pytest.mark.usefixtures("_quick_pings")
@pytest.mark.skipif(OVER_HTTP, reason="it is about sockets")
async def test_a_half_open_connection_is_noticed_and_replaced(slack: LocalSlack, bot: Bot) -> None:
    slack.set_retry([SOON] * 20, ack_timeout=timedelta(milliseconds=300))
    opened = [call.method for call in slack.calls].count("apps.connections.open")
    slack.freeze_connections(1)
    threads = [await slack.say("ada", "general", f"@skein {number}") for number in range(4)]
    for number, thread in enumerate(threads):
        await answered(slack, "general", thread, f"1: {number}")
    await slack.until(lambda: [call.method for call in slack.calls].count("apps.connections.open") > opened)
    await slack.until(lambda: slack.connections == 2)
    assert (await page(bot, "/readyz"))[0] == 200
