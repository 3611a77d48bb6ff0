"""Where an answer has its facts from stands under it."""

import asyncio

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import StructuredTool, ToolException

from bot.script import Call, Gate, Say, in_turn
from bot.sources import Source, source_line, sources_of
from tests.agent.stage import on_stage


def source(name: str, *, read: bool = False) -> Source:
    return Source(url=f"https://{name}.test/", title=name, read=read)


def finding(*sources: Source, fails: bool = False) -> StructuredTool:
    """A tool that finds these pages."""

    async def look_up() -> tuple[str, list[Source]]:
        """Look it up."""
        await asyncio.sleep(0)
        if fails:
            raise ToolException("Nothing there.")
        return "Something.", list(sources)

    return StructuredTool.from_function(coroutine=look_up, response_format="content_and_artifact")


LOOK_UP = Call([("look_up", {})])


async def test_an_answer_ends_with_what_was_found_for_it() -> None:
    async with on_stage(in_turn(LOOK_UP, Say("Fog.")), finding(source("a"), source("b"))) as stage:
        heard = await stage.ask("How is the weather?")
        assert heard.text == "Fog.\n\nSources: [a](https://a.test/) · [b](https://b.test/)"
        # They are no part of what the model said.
        await stage.ask("And then?")
        assert "Sources" not in str(stage.sent())


async def test_told_again_it_has_the_same_sources() -> None:
    async with on_stage(in_turn(LOOK_UP, Say("Fog.")), finding(source("a"))) as stage:
        question = stage.message("How is the weather?")
        assert (await stage.ask(question)).text == (await stage.ask(question)).text


async def test_an_answer_that_is_gone_on_with_has_the_sources_of_its_beginning() -> None:
    gate = Gate()
    async with on_stage(in_turn(LOOK_UP, Say(["Half ", gate]), Say("Fog.")), finding(source("a"))) as stage:
        question = stage.message("How is the weather?")
        await stage.hear_until(question, "Half")
        assert (await stage.ask(question)).text == "Fog.\n\nSources: [a](https://a.test/)"


async def test_an_answer_without_a_search_or_with_one_that_failed_has_none() -> None:
    script = in_turn(Say("Hello."), LOOK_UP, Say("I do not know."))
    async with on_stage(script, finding(source("a"), fails=True)) as stage:
        assert (await stage.ask("Hello?")).text == "Hello."
        assert (await stage.ask("How is the weather?")).text == "I do not know."


async def test_the_sources_of_an_earlier_answer_are_not_told_again() -> None:
    async with on_stage(in_turn(LOOK_UP, Say("Fog."), Say("You are welcome.")), finding(source("a"))) as stage:
        await stage.ask("How is the weather?")
        assert (await stage.ask("Thanks.")).text == "You are welcome."


def test_pages_that_were_read_go_before_what_was_only_found_and_none_is_told_twice() -> None:
    found = [source("a"), source("b"), source("c"), source("a", read=True)]
    message = ToolMessage("x", tool_call_id="1", artifact=found)
    assert source_line(sources_of([message]), "") == "Sources: [a](https://a.test/)"


def test_what_the_answer_links_itself_is_not_told_again_and_there_are_at_most_five() -> None:
    found = [source(name) for name in "abcdefgh"]
    line = source_line(found, "As [a](https://a.test/) says")
    assert "a.test" not in line
    assert line.count("](") == 5
    assert source_line(found[:1], "https://a.test/") == ""


@pytest.mark.parametrize(
    ("title", "url", "link"),
    [
        ("A [nice] *page*", "https://a.test/b(c)", "[A nice page](https://a.test/b%28c%29)"),
        ("<!channel>", "https://a.test/<x>", "[!channel](https://a.test/%3Cx%3E)"),
        ("", "https://a.test/", "[https://a.test/](https://a.test/)"),
    ],
)
def test_titles_and_addresses_change_nothing_around_them(title: str, url: str, link: str) -> None:
    assert source_line([Source(url=url, title=title, read=True)], "") == f"Sources: {link}"


@pytest.mark.parametrize("artifact", [None, "x", [1], [{"url": 1}], [{"url": "javascript:alert(1)"}], {"url": "x"}])
def test_other_peoples_artifacts_are_no_sources(artifact: object) -> None:
    assert sources_of([ToolMessage("x", tool_call_id="1", artifact=artifact)]) == []
