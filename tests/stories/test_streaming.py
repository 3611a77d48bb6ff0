"""People watch the answer being written."""

import asyncio
from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest
from langchain_core.tools import StructuredTool

from bot.reply import Reply
from bot.script import Call, Gate, Say, in_turn
from bot.slack.local import Fault, LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import answered, bodies

pytestmark = pytest.mark.slow


async def test_the_first_words_show_while_the_rest_is_written(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    middle, end = Gate(), Gate()
    model.script = lambda _: Say(["It is sunny", middle, " in San Francisco", end, " today."])
    async with start():
        ts = await slack.say("ada", "general", "@skein weather?")
        await answered(slack, "general", ts, "It is sunny")
        middle.open()
        await answered(slack, "general", ts, "It is sunny in San Francisco")
        end.open()
        await answered(slack, "general", ts, "It is sunny in San Francisco today.")
    assert not slack.replies("general", ts)[0].edited


async def test_other_conversations_run_beside_a_long_one(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    gate = Gate()
    model.script = lambda messages: Say(["Slowly", gate, "."]) if "slow" in str(messages[-1]) else Say("At once.")
    async with start():
        slow = await slack.say("ada", "general", "@skein slow")
        await gate.reached()
        quick = await slack.say("grace", "general", "@skein quick")
        await answered(slack, "general", quick, "At once.")
        gate.open()
        await answered(slack, "general", slow, "Slowly.")


async def test_tool_use_shows_while_it_runs(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    found = asyncio.Event()

    async def search(query: str) -> str:
        await found.wait()
        return f"Something about {query}."

    tool = StructuredTool.from_function(coroutine=search, name="web_search", description="Search.")
    model.script = in_turn(Call([("web_search", {"query": "weather in SF"})], "Let me see."), Say("Sunny."))
    async with start(tools=[tool]):
        ts = await slack.say("ada", "general", "@skein What is the weather in SF?")
        await answered(slack, "general", ts, "Let me see.\nSearching: weather in SF")
        found.set()
        await answered(slack, "general", ts, "Let me see.\n\nSunny.\nSearched: weather in SF")


async def test_drafts_of_an_answer_keep_their_distance_and_its_end_comes_at_once(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    pace = timedelta(milliseconds=250)
    model.script = lambda _: Say("word " * 60, tokens_a_second=60)
    async with start(pace=pace):
        ts = await slack.say("ada", "general", "@skein talk")
        await answered(slack, "general", ts, ("word " * 60).strip())
    times = [call.at for call in slack.calls if call.method in {"chat.postMessage", "chat.update"}]
    assert len(times) >= 3
    *drafts, last = (timedelta(seconds=later - earlier) for earlier, later in pairwise(times))
    assert min(drafts) >= pace / 2  # on a busy machine one comes late, and so nearer to the next
    assert last < pace


async def test_a_long_answer_goes_on_in_further_messages(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    listing = "\n".join(f"line_{number} = {number:0>80}" for number in range(120))
    model.script = lambda _: Say(f"Here it is:\n\n```python\n{listing}\n```\n\nThat was all.", tokens_a_second=20_000)
    async with start(pace=timedelta(milliseconds=200)):
        ts = await slack.say("ada", "general", "@skein a long listing, please")
        await slack.until(lambda: "That was all." in "".join(bodies(slack, "general", ts)))
    pages = [reply.markdown for reply in slack.replies("general", ts)]
    assert len(pages) > 2
    assert all(page.count("```") == 2 for page in pages)
    assert [line for page in pages for line in page.splitlines() if line.startswith("line_")] == listing.splitlines()
    refused = [call for call in slack.calls if call.outcome != "ok"]
    assert refused == []


async def test_a_refused_draft_is_dropped_and_the_final_text_never(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = lambda _: Say(["One", gate, " two three"])
    async with start():
        ts = await slack.say("ada", "general", "@skein count")
        await answered(slack, "general", ts, "One")
        slack.fail("chat.update", Fault(status=429, retry_after=1), times=2)
        gate.open()
        await answered(slack, "general", ts, "One two three")
    refused = [call for call in slack.calls if call.outcome == "ratelimited"]
    update = next(call for call in slack.calls if call.method == "chat.update" and call.outcome == "ok")
    assert len(refused) == 2
    assert update.at - refused[-1].at >= 1


async def test_a_long_silence_is_broken(
    slack: LocalSlack, model: Model, start: OpenBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.turn.Reply", partial(Reply, silence=timedelta(milliseconds=200)))
    gate = Gate()
    model.script = lambda _: Say([gate, "At last."])
    async with start():
        ts = await slack.say("ada", "general", "@skein think hard")
        await answered(slack, "general", ts, "Thinking…")
        gate.open()
        await answered(slack, "general", ts, "At last.")


async def test_while_nothing_happens_people_see_that_it_lives(
    slack: LocalSlack, model: Model, start: OpenBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    often = partial(Reply, silence=timedelta(milliseconds=50), alive=timedelta(seconds=1))
    monkeypatch.setattr("bot.turn.Reply", often)
    first, second = Gate(), Gate()
    model.script = lambda _: Say([first, "At last", second, " it ends."])
    async with start():
        ts = await slack.say("ada", "general", "@skein think hard")
        await answered(slack, "general", ts, "Thinking… (1 s)")
        first.open()
        await answered(slack, "general", ts, "At last\nStill writing… (1 s)")
        second.open()
        await answered(slack, "general", ts, "At last it ends.")


async def test_the_last_words_wait_for_nothing_once_the_model_has_ended(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    begun, over = Gate(), Gate()
    model.script = lambda _: Say(["Very ", begun, "sunny."], afterwards=over)  # one word first: two may be two drafts
    async with start(pace=timedelta(minutes=1)):
        ts = await slack.say("ada", "general", "@skein how is it?")
        await answered(slack, "general", ts, "Very")
        begun.open()
        await answered(slack, "general", ts, "Very sunny.")
        over.open()
