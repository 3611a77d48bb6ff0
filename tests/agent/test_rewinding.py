"""A message is changed: the memory goes back to before it."""

from dataclasses import replace

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bot.conversation import WentBack
from bot.script import Call, Gate, Say, Wire, in_turn
from bot.serde import serializer
from tests.agent.stage import THREAD, Stage, on_stage
from tests.stories.speech import echo

NOTES = "You keep the notes"


@pytest.fixture(params=[False, True], ids=["newest", "settled"])
def _settled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All turns but the last have settled, or none has."""
    if request.param:
        monkeypatch.setattr("bot.folding.SETTLING", 10_000)


either_way = pytest.mark.usefixtures("_settled")


async def change(stage: Stage, ts: str, text: str, *, again: bool = True) -> bool:
    """Ask a message anew that was changed; tell whether the conversation went back."""
    heard = await stage.ask(replace(stage.message(text, ts=ts), edited="9.0"), again=again)
    return WentBack() in heard.events


@either_way
async def test_what_came_later_is_gone_and_what_came_before_is_there() -> None:
    async with on_stage(echo) as stage:
        for text in ("zero", "one", "two"):
            await stage.ask(text)
        assert await change(stage, "1.0", "ONE")
        assert [text for _, text in stage.sent()] == ["zero", "1: zero", "ONE"]
        await stage.ask("three")
        assert [text for _, text in stage.sent()] == ["zero", "1: zero", "ONE", "3: ONE", "three"]


async def test_it_may_be_changed_again_and_so_may_what_comes_after_it() -> None:
    async with on_stage(echo) as stage:
        await stage.ask("zero")
        assert await change(stage, "0.0", "once")
        await stage.ask("one")
        heard = await stage.ask(replace(stage.message("twice", ts="0.0"), edited="10.0"), again=True)
        assert heard.text == "1: twice"
        await stage.ask("two")
        assert await change(stage, "2.0", "TWO")
        assert [text for _, text in stage.sent()] == ["twice", "1: twice", "TWO"]


@either_way
async def test_what_is_answered_in_its_new_version_already_is_told_again() -> None:
    async with on_stage(echo) as stage:
        await stage.ask("zero")
        changed = replace(stage.message("ZERO", ts="0.0"), edited="9.0")
        first = await stage.ask(changed, again=True)
        assert (await stage.ask(changed, again=True)).text == first.text
        assert len(stage.requests) == 2


async def test_tools_that_have_run_for_the_new_version_are_not_run_again_after_a_crash() -> None:
    gate = Gate()
    replies = (Say("Zero."), Call([("missing", {})]), Say(["Half ", gate]), Say("Whole."))
    async with on_stage(in_turn(*replies)) as stage:
        await stage.ask("zero")
        changed = replace(stage.message("ZERO", ts="0.0"), edited="9.0")
        await stage.hear_until(changed, "Half")
        assert (await stage.ask(changed, again=True)).text == "Whole."
        assert [role for role, _ in stage.sent()] == ["user", "assistant", "tool"]


async def test_what_has_become_notes_is_gone_back_to_as_well() -> None:
    def script(messages: list[Wire]) -> Say:
        return Say("They counted.") if NOTES in str(messages[0]["content"]) else echo(messages)

    async with on_stage(script, memory_tokens=200) as stage:
        for number in range(6):
            await stage.ask(f"{number} " + f"{'word' * 15} " * 5)
        assert any(NOTES in str(request[0]["content"]) for request in stage.requests)
        assert await change(stage, "1.0", "ONE")
        assert [text[:2] for _, text in stage.sent()] == ["0 ", "1:", "ON"]
        assert "They counted." not in str(stage.requests[-1][0]["content"])


@either_way
@pytest.mark.parametrize("at", ["0.0", "1.0"])
async def test_without_its_checkpoint_it_is_taken_out_of_the_newest(at: str) -> None:
    saver = InMemorySaver(serde=serializer())
    async with on_stage(echo, saver=saver) as stage:
        for text in ("zero", "one", "two"):
            await stage.ask(text)
        kept = saver.storage[THREAD][""]
        for checkpoint in sorted(kept)[:-1]:
            del kept[checkpoint]
        assert await change(stage, at, "CHANGED")
        assert [text for _, text in stage.sent()] == [*(["zero", "1: zero"] if at == "1.0" else []), "CHANGED"]


async def test_what_nothing_is_known_of_any_more_is_asked_as_if_it_were_new() -> None:
    async with on_stage(echo) as stage:
        await stage.ask("zero")
        assert not await change(stage, "0.5", "half")
        assert [text for _, text in stage.sent()] == ["zero", "1: zero", "half"]
