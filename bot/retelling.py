"""What the memory holds of a turn, and how it is told: again what was told before, and what nobody has said."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.types import StateSnapshot

from bot.calls import call_args, call_id, call_name, calls
from bot.conversation import AgentEvent, Message, Restarted, Token, ToolEnded
from bot.narration import began
from bot.pictures import KINDS, PICTURES
from bot.questions import interrupts, questions
from bot.sources import source_line, sources_of
from bot.transcript import CALLED, EDITED, OVERHEARD, REFUSED, UNREAD

SOURCES = "sources"
"""The draft of an answer's sources."""


def question(message: Message, *, refused: bool = False) -> HumanMessage:
    """What somebody said, as the memory holds it."""
    pictures = [{"name": file.name, "kind": file.kind, "url": file.url} for file in message.files if file.kind in KINDS]
    marks = {
        PICTURES: pictures,
        REFUSED: refused,
        OVERHEARD: message.overheard,
        UNREAD: message.unread,
        CALLED: message.name,
        EDITED: message.edited,
    }
    marks = {mark: value for mark, value in marks.items() if value}
    return HumanMessage(message.text, id=message.ts, name=message.author, additional_kwargs=marks)


def turn_of(state: StateSnapshot, messages: Sequence[Message]) -> list[AnyMessage]:
    """The messages and all that came of them; empty when the memory has not seen them."""
    known: list[AnyMessage] = state.values.get("messages", [])
    asked = {message.ts for message in messages}
    first = next((at for at, said in enumerate(known) if said.id in asked), len(known))
    later = (at for at, said in enumerate(known) if at > first and _is_question(said) and said.id not in asked)
    return known[first : next(later, None)]


def _is_question(said: AnyMessage) -> bool:
    """Whether it was said to the bot."""
    return isinstance(said, HumanMessage) and not said.additional_kwargs.get(OVERHEARD)


def told(turn: Sequence[AnyMessage]) -> Iterator[AgentEvent]:
    """What was said and what the tools did, as it was told when it happened. Calls without a result are yet to run."""
    results = {said.tool_call_id: said for said in turn if isinstance(said, ToolMessage)}
    for message in turn:
        if not isinstance(message, AIMessage):
            continue
        if message.text:
            yield Token(str(message.text), message.id or "")
        for call in calls(message):
            if result := results.get(call_id(call)):
                yield began(call_id(call), call_name(call), call_args(call))
                yield ToolEnded(call_id(call), call_name(call), failed=result.status == "error")


def note(said: dict[str, str], event: AgentEvent) -> None:
    """Keep in `said` what was told of each of the model's messages."""
    match event:
        case Token(text, draft):
            said[draft] = said.get(draft, "") + text
        case Restarted(draft):
            said[draft] = ""
        case _:
            pass


def unsaid(state: StateSnapshot, turn: Sequence[AnyMessage], said: Mapping[str, str]) -> Iterator[Token]:
    """What stands in the conversation and was not streamed, as no model said it; then what the graph asks."""
    known = {text.strip() for text in said.values()}
    for message in turn:
        if isinstance(message, AIMessage) and message.text and message.text.strip() not in known:
            yield Token(str(message.text), message.id or "")
    if asked := interrupts(state):
        yield questions(asked)


def sources(messages: Iterable[AnyMessage], said: dict[str, str]) -> Iterator[Token]:
    """The line of sources under an answer that has some, once."""
    line = "" if SOURCES in said else source_line(sources_of(messages), "\n".join(said.values()))
    if line and any(said.values()):
        said[SOURCES] = line
        yield Token(line, SOURCES)
