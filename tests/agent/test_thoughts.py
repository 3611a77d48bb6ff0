"""A model that writes its thoughts into its answer."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import SecretStr

from bot.agent import GraphAgent
from bot.conversation import Conversation, Message, Reasoned, Token
from bot.graph import build_graph
from bot.model import chat_model
from bot.script import Say, in_turn
from bot.scripted import ScriptedModel
from bot.thoughts import Thoughts

ANSWERS = st.lists(st.sampled_from(["<", "think", "/think", "<think>", "</think>", ">", " ", "\n", "a"])).map("".join)


def taken(pieces: list[str]) -> tuple[str, str]:
    thoughts = Thoughts()
    found = [thoughts.split(piece) for piece in pieces]
    return "".join(thought for thought, _ in found), "".join(said for _, said in found) + thoughts.rest()


@pytest.mark.parametrize(
    ("text", "thought", "said"),
    [
        ("Hello.", "", "Hello."),
        ("<think>\nHm.\n</think>\n\nHello.", "\nHm.\n", "Hello."),
        ("\n <think></think>Hello.", "", "Hello."),
        ("Of <think>this</think>.", "", "Of <think>this</think>."),
        ("<think>a</think>b<think>c</think>", "a", "b<think>c</think>"),
        ("<thi", "", "<thi"),
        ("  indented", "", "  indented"),
        ("<think>never ends", "never ends", ""),
    ],
)
def test_what_is_thought_and_what_is_said(text: str, thought: str, said: str) -> None:
    assert taken([text]) == (thought, said)
    assert taken([*text]) == (thought, said)


@given(ANSWERS, st.lists(st.integers(0, 60), max_size=8))
def test_however_it_is_cut_it_comes_to_the_same(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(text)]
    whole = taken([text])
    assert taken([text[start:end] for start, end in pairwise(places)]) == whole


async def test_thoughts_are_not_shown_as_the_answer_nor_sent_back() -> None:
    script = in_turn(
        Say(["<thi", "nk>Ada asks.", "</think>", "\n\nHel", "lo."]), Say("Well."), Say("<think>Hm.</think>Yes.")
    )
    async with ScriptedModel.open(script) as server:
        model = chat_model(
            "openai:open",
            openai_api_key=SecretStr("none"),
            openai_base_url=server.url,
            request_timeout=timedelta(seconds=9),
            chunk_timeout=timedelta(seconds=9),
            retries=0,
        )
        agent = GraphAgent(build_graph(model, [], "", InMemorySaver()), reasoning=True)
        place = Conversation("a", "b", "c")
        events = [event async for event in agent.answer("a/b/c", [Message(place, "1.000000", "ada", "Well?")])]
        assert "".join(event.text for event in events if isinstance(event, Token)) == "Hello."
        assert "".join(event.text for event in events if isinstance(event, Reasoned)) == "Ada asks."
        async for _ in agent.answer("a/b/c", [Message(place, "2.000000", "ada", "And?")]):
            pass
        assert "Ada asks" not in str(server.requests[-1])
        assert (await model.ainvoke("Well?")).content == "Yes."
