"""Somebody brings a graph of their own: it streams, remembers and asks like the built-in one."""

import json
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.script import Call, Gate, Say, Wire
from bot.slack.local import LocalSlack
from tests.stage import Command, Model, OpenBot
from tests.stories.speech import QUESTIONS, answered, bodies, text_of

EXAMPLES = Path(__file__).parents[2] / "examples"

PLAIN = """
from langchain_core.messages import SystemMessage
from langgraph.graph import START, MessagesState, StateGraph
from langchain_openai import ChatOpenAI

def build(model):
    async def speak(state: MessagesState):
        quiet = model.with_config(tags=["nostream"])
        await quiet.ainvoke([SystemMessage("summarise"), *state["messages"]])
        return {"messages": [await model.ainvoke(state["messages"])]}
    built = StateGraph(MessagesState)
    built.add_node("speak", speak)
    built.add_edge(START, "speak")
    return built

def compiled(model, checkpointer):
    return build(model).compile(checkpointer=checkpointer)

async def later(model, checkpointer, store):
    assert store is not None
    return compiled(model, checkpointer)

from contextlib import asynccontextmanager

@asynccontextmanager
async def opened(model):
    yield build(model)
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "own_graph.py"
    path.write_text(PLAIN, "utf-8")
    return path


def system(messages: list[Wire]) -> str:
    return str(messages[0]["content"]) if messages[0]["role"] == "system" else ""


@pytest.mark.parametrize("name", ["build", "compiled", "later", "opened"])
async def test_whatever_form_it_has_its_answering_model_is_streamed_and_the_silent_one_not(
    slack: LocalSlack, model: Model, start: OpenBot, module: Path, name: str
) -> None:
    gate = Gate()

    def script(messages: list[Wire]) -> Say:
        if system(messages):
            return Say("A summary that nobody is to see.")
        return Say([f"{len(messages)} messages", gate, " so far."])

    model.script = script
    async with start(agent=f"{module}:{name}"):
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1 messages")
        gate.open()
        await answered(slack, "general", ts, "1 messages so far.")
        await slack.say("ada", "general", "two", thread=ts)
        await answered(slack, "general", ts, "1 messages so far.", "3 messages so far.")


async def test_the_example_with_a_human_decision_asks_and_goes_on_with_what_is_decided(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    drafts = iter(["We move on Monday.", "We move on Tuesday."])
    model.script = lambda _: Say(next(drafts))
    question = "Shall I announce this? Say yes, or what to change.\n- **draft:** We move on {}."
    agent = f"{EXAMPLES / 'approval' / 'graph.py'}:graph"
    async with start(agent=agent):
        ts = await slack.say("ada", "general", "@skein announce the move")
        await answered(slack, "general", ts, question.format("Monday"))
    # The next day, after a restart.
    async with start(agent=agent):
        await slack.say("ada", "general", "On Tuesday", thread=ts)
        await answered(slack, "general", ts, question.format("Monday"), question.format("Tuesday"))
        await slack.say("grace", "general", "Yes!", thread=ts)
        await slack.until(lambda: bodies(slack, "general", ts)[-1] == "Announced:\n\n> We move on Tuesday.")
    assert len(bodies(slack, "general", ts)) == 3


async def test_a_decision_may_be_changed_and_so_may_what_it_was_about(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = lambda messages: Say(f"We move: {text_of(messages[-1])}.")
    asked = "Shall I announce this? Say yes, or what to change.\n- **draft:** We move: {}."
    async with start(agent=f"{EXAMPLES / 'approval' / 'graph.py'}:graph"):
        ts = await slack.say("ada", "general", "@skein Monday")
        await answered(slack, "general", ts, asked.format("Monday"))
        reply = await slack.say("ada", "general", "Tuesday", thread=ts)
        await answered(slack, "general", ts, asked.format("Monday"), asked.format("Tuesday"))
        await slack.edit("ada", "general", reply, "yes")
        await answered(slack, "general", ts, asked.format("Monday"), "Announced:\n\n> We move: Monday.")
        await slack.edit("ada", "general", ts, "@skein Friday")
        await slack.until(lambda: bodies(slack, "general", ts)[0] == asked.format("Friday"))
        await slack.say("ada", "general", "yes", thread=ts)
        await slack.until(lambda: bodies(slack, "general", ts)[2:] == ["Announced:\n\n> We move: Friday."])


async def test_the_example_with_a_supervisor_shows_both_of_its_agents_and_their_tools(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    def script(messages: list[Wire]) -> Say | Call:
        if system(messages).startswith("Answer with one word"):
            return Say("research")
        if system(messages).startswith("You are the writer"):
            return Say("Take a coat.")
        if messages[-1]["role"] == "tool":
            return Say("It is cold in SF.")
        return Call([("web_search", {"query": "weather in SF"})])

    model.script = script
    agent = f"{EXAMPLES / 'supervisor' / 'langgraph.json'}:supervisor"
    async with start(agent=agent):
        ts = await slack.say("ada", "general", f"@skein {QUESTIONS[0]}")
        await answered(slack, "general", ts, "It is cold in SF.\n\nTake a coat.\nSearched: weather in SF")


WRONG = {
    "no_colon": "It reads package.module:name",
    "no.such.module:graph": "No module named 'no'",
    "FOLDER/absent.py:graph": "there is no file",
    "FOLDER/own_graph.py:absent": "there is no absent in it",
    "FOLDER/broken.py:graph": "cannot be imported (ZeroDivisionError",
    "FOLDER/strange.py:asks": "it asks for banana; it may ask for model, tools",
    "FOLDER/strange.py:number": "it is a int, and neither a graph nor a function",
    "FOLDER/strange.py:stateless": "its state has no `messages`, only other",
    "FOLDER/langgraph.json:other": "names no graph other; it names mine",
    "FOLDER/langgraph.json:mine": "there is no gone in it",
}

STRANGE = """
from typing import TypedDict
from langgraph.graph import START, StateGraph
class Other(TypedDict):
    other: int
def asks(banana): ...
number = 3
stateless = StateGraph(Other)
stateless.add_node("a", lambda state: state)
stateless.add_edge(START, "a")
"""


@pytest.mark.parametrize(("reference", "told"), WRONG.items(), ids=WRONG)
async def test_what_its_configuration_lacks_is_said_at_start_by_name(
    start: OpenBot, module: Path, reference: str, told: str
) -> None:
    folder = module.parent
    (folder / "broken.py").write_text("1 / 0", "utf-8")
    (folder / "strange.py").write_text(STRANGE, "utf-8")
    (folder / "langgraph.json").write_text(json.dumps({"graphs": {"mine": "./own_graph.py:gone"}}), "utf-8")
    agent = reference.replace("FOLDER", str(folder))
    with pytest.raises(SettingsError) as raised:
        async with start(agent=agent):
            pass
    assert f"AGENT={agent}: " in str(raised.value)
    assert told in str(raised.value)


async def test_in_the_terminal_it_answers_as_well(
    model: Model, command: Command, module: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = iter(["one", None])
    model.script = lambda _: Say("Here I am.")
    monkeypatch.setenv("AGENT", f"{module}:build")
    monkeypatch.setattr("bot.terminal._read", lambda: next(lines))
    assert await command("chat", "--conversation", "own") == 0
    assert "Here I am." in capsys.readouterr().out
