"""What the memory holds of a turn, and how it is told: again what was told before, and what nobody has said."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.types import StateSnapshot

from bot.calls import call_args, call_id, call_name, calls
from bot.conversation import AgentEvent, Message, Restarted, Token, ToolEnded
from bot.decisions import Asked, Decided, WasDecided
from bot.leave import requests, undecided
from bot.memory import remembered
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
    known = remembered(state.values)
    asked = {message.ts for message in messages}
    first = next((at for at, said in enumerate(known) if said.id in asked), len(known))
    later = (at for at, said in enumerate(known) if at > first and _is_question(said) and said.id not in asked)
    return known[first : next(later, None)]


def _is_question(said: AnyMessage) -> bool:
    """Whether it was said to the bot."""
    return isinstance(said, HumanMessage) and not said.additional_kwargs.get(OVERHEARD)


def told(turn: Sequence[AnyMessage], decided: Sequence[Decided] = ()) -> Iterator[AgentEvent]:
    """What was said, what was decided and what the tools did, as it was told when it happened.

    Calls without a result are yet to run.
    """
    results = {said.tool_call_id: said for said in turn if isinstance(said, ToolMessage)}
    answer = [message for message in turn if isinstance(message, AIMessage)]
    for at, message in enumerate(answer, 1):
        if message.text:
            yield Token(str(message.text), message.id or "")
        # The last of them come last, whatever they were made after: it may have been taken out since.
        yield from (WasDecided(*one) for one in decided if one[0].after == at or (at == len(answer) < one[0].after))
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


def unsaid(turn: Sequence[AnyMessage], said: Mapping[str, str]) -> Iterator[Token]:
    """What stands in the conversation and was not streamed, as no model said it."""
    known = {text.strip() for text in said.values()}
    for message in turn:
        if isinstance(message, AIMessage) and message.text and message.text.strip() not in known:
            yield Token(str(message.text), message.id or "")


def asks(state: StateSnapshot, turn: Sequence[AnyMessage], decided: Sequence[Decided]) -> Iterator[Token | Asked]:
    """What the graph asks in this state, and nobody has decided."""
    asked = interrupts(state)
    after = sum(isinstance(message, AIMessage) for message in turn)
    if freely := [one for one in asked if not requests(one)]:
        yield questions(freely)
    if wanted := undecided(asked, decided, after):
        yield Asked(tuple(wanted))


def sources(messages: Iterable[AnyMessage], said: dict[str, str]) -> Iterator[Token]:
    """The line of sources under an answer that has some, once."""
    line = "" if SOURCES in said else source_line(sources_of(messages), "\n".join(said.values()))
    if line and any(said.values()):
        said[SOURCES] = line
        yield Token(line, SOURCES)
