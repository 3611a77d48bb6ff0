"""Whatever the memory holds, what the model is sent is well-formed."""

from hypothesis import given, strategies as st
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage

from bot.calls import call_id, calls
from bot.openai_wire import messages_of
from bot.script import Wire
from bot.transcript import REFUSED, sent
from tests.laws import examples

IDS = st.sampled_from(["call_1", "call_2", "call_3"])
TEXTS = st.sampled_from(["", " ", "tea", "coffee"])
PEOPLE = st.sampled_from(["U0ANN", "Bob <b>", None])


def called(text: str, calls: list[str], broken: list[str]) -> AIMessage:
    return AIMessage(
        text,
        tool_calls=[{"name": "look_up", "args": {}, "id": call, "type": "tool_call"} for call in calls],
        invalid_tool_calls=[
            {"name": "look_up", "args": "tea", "id": call, "error": None, "type": "invalid_tool_call"}
            for call in broken
            if call not in calls
        ],
    )


def asked(text: str, name: str | None, *, refused: bool) -> HumanMessage:
    return HumanMessage(text, name=name, additional_kwargs={REFUSED: True} if refused else {})


def found(call: str) -> ToolMessage:
    return ToolMessage("found", tool_call_id=call)


QUESTIONS = st.builds(asked, TEXTS, PEOPLE, refused=st.booleans())
ANSWERS = st.builds(called, TEXTS, st.lists(IDS, unique=True), st.lists(IDS, unique=True))
RESULTS = st.builds(found, IDS)
MEMORIES = st.lists(st.one_of(QUESTIONS, ANSWERS, RESULTS), max_size=12)


def wire(messages: list[AnyMessage]) -> list[Wire]:
    """What goes over the wire, after the server has checked it as OpenAI does."""
    return messages_of({"model": "scripted", "messages": [on_wire(message) for message in sent(messages, "Be kind.")]})


def on_wire(message: BaseMessage) -> Wire:
    role = {"human": "user", "ai": "assistant"}.get(message.type, message.type)
    whole: Wire = {"role": role, "content": str(message.text)}
    whole |= {"name": message.name} if message.name and role == "user" else {}
    whole |= {"tool_calls": [{"id": call_id(call)} for call in calls(message)]} if calls(message) else {}
    return whole | ({"tool_call_id": message.tool_call_id} if isinstance(message, ToolMessage) else {})


@examples(40)
@given(MEMORIES)
def test_every_call_has_one_result_right_after_it(messages: list[AnyMessage]) -> None:
    sent_messages = wire(messages)
    assert sent_messages[0] == {"role": "system", "content": "Be kind."}
    assert not any("name" in message for message in sent_messages if message["role"] == "user")


@examples(20)
@given(MEMORIES)
def test_sending_changes_nothing_in_the_memory(messages: list[AnyMessage]) -> None:
    before = [message.model_copy(deep=True) for message in messages]
    first = sent(messages, "Be kind.")
    assert messages == before
    assert sent(messages, "Be kind.") == first


@examples(20)
@given(MEMORIES)
def test_every_accepted_question_is_sent_once_and_in_order(messages: list[AnyMessage]) -> None:
    questions = [
        str(message.text) for message in messages if isinstance(message, HumanMessage) and not message.additional_kwargs
    ]
    spoken = [str(message["content"]) for message in wire(messages) if message["role"] == "user"]
    assert len(spoken) == len(questions)
    assert all(said.endswith(question) for said, question in zip(spoken, questions, strict=True))


def test_a_result_that_is_there_is_not_replaced() -> None:
    memory: list[AnyMessage] = [
        HumanMessage("Tea and coffee?"),
        called("", ["call_1", "call_2"], []),
        ToolMessage("found", tool_call_id="call_2"),
        HumanMessage("Well?"),
    ]
    results = {message["tool_call_id"]: message["content"] for message in wire(memory) if message["role"] == "tool"}
    assert results["call_2"] == "found"
    assert results["call_1"].startswith("Cancelled")
