"""The memory is read back strictly."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

import ormsgpack
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.types import Send

from bot.serde import serializer

CALL_WITH_ONE_ARGUMENT = 0
"""The code under which LangGraph writes `module.name(argument)`."""


@dataclass
class Colour:
    name: str


def test_messages_and_sends_come_back_as_they_were() -> None:
    call = {"name": "web_search", "args": {"query": "SF"}, "id": "call_1", "type": "tool_call"}
    state = {
        "messages": [
            HumanMessage("hi", id="1.0", name="U0ANN", additional_kwargs={"refused": True}),
            AIMessage("", tool_calls=[call], response_metadata={"finish_reason": "tool_calls"}),
            ToolMessage("fog", tool_call_id="call_1", status="error"),
        ],
        "sends": [Send("tools", call)],
        "at": datetime(2026, 11, 22, tzinfo=UTC),
    }
    assert serializer().loads_typed(serializer().dumps_typed(state)) == state


def test_a_foreign_type_is_not_built(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGGRAPH_STRICT_MSGPACK", "false")
    with caplog.at_level(logging.WARNING):
        assert serializer().loads_typed(serializer().dumps_typed({"colour": Colour("red")})) == {
            "colour": {"name": "red"}
        }
    assert "Blocked deserialization" in caplog.text


def test_a_function_named_in_the_bytes_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr("os.system", ran.append)
    planted = ormsgpack.packb(
        ormsgpack.Ext(CALL_WITH_ONE_ARGUMENT, ormsgpack.packb(("os", "system", "touch /tmp/planted")))
    )
    assert serializer().loads_typed(("msgpack", planted)) == "touch /tmp/planted"
    assert ran == []


def test_a_graph_may_name_types_of_its_own() -> None:
    own = serializer([Colour])
    assert own.loads_typed(own.dumps_typed(Colour("red"))) == Colour("red")
