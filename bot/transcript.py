"""What the model is sent: a pure function of what the memory holds.

The memory keeps what was said, as it was said. Models want more order than that: an answer to every tool call, right
after it (OpenAI refuses the request otherwise, and would refuse it for ever after); no empty answers; no references
to what their server has long forgotten. The order is made here, at each call, so that a broken memory mends itself
without being rewritten.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from bot.calls import call_id, call_name, calls

REFUSED = "refused"
"""The key in a question's `additional_kwargs` that leaves it, and what came of it, out of all later requests."""

OVERHEARD = "overheard"
"""The key that marks what was said in the conversation and not to the bot."""

CALLED = "called"
"""The key under which stands what people call the author; `name` is their id."""

UNREAD = "unread"
"""The key that marks a question before which things were said that could not be read."""

EDITED = "edited"
"""The key under which stands when the author changed the message last; not there if never."""

CANCELLED = "Cancelled: this call has no result, and it may or may not have had an effect."


NOTES = "What was said before in this conversation, in short:"


def sent(messages: Sequence[AnyMessage], instructions: str, notes: str = "") -> list[BaseMessage]:
    """The messages of the model's next request, the system prompt first, with the notes of what is not among them.

    Each tool call is followed by exactly one result. Turns that were refused are left out. When several people speak,
    each message of theirs opens with its author. Answers of earlier turns are plain text and calls.
    """
    prompt = f"{instructions}\n\n{NOTES}\n{notes}" if notes else instructions
    return [SystemMessage(prompt), *_answered(_signed(_plain(_accepted(messages))))]


def _accepted(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Without the turns that the model's server refused: sent once more, they would spoil every later request."""
    accepted: list[AnyMessage] = []
    is_refused = False
    for message in messages:
        if isinstance(message, HumanMessage):
            is_refused = bool(message.additional_kwargs.get(REFUSED))
        if not is_refused:
            accepted.append(message)
    return accepted


def _plain(messages: Sequence[AnyMessage]) -> Iterator[AnyMessage]:
    """Without empty answers, and without what earlier answers hold besides text and calls.

    OpenAI's reasoning items are references into its own store, which forgets after 30 days, and mean nothing to
    another provider; they are of use only until the question they belong to is answered.
    """
    asked = max((index for index, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0)
    for index, message in enumerate(messages):
        if not isinstance(message, AIMessage):
            yield message
        elif message.text.strip() or calls(message):
            yield message if index > asked else _stripped(message)


def _stripped(message: AIMessage) -> AIMessage:
    return AIMessage(message.text, tool_calls=message.tool_calls, invalid_tool_calls=message.invalid_tool_calls)


def _signed(messages: Iterable[AnyMessage]) -> Iterator[AnyMessage]:
    """With the author in the text where several people speak.

    OpenAI has a field for it, `name`, but only in chat completions and only for some characters; other servers
    refuse it. So it is never sent.
    """
    spoken = list(messages)
    several = len({message.name for message in spoken if isinstance(message, HumanMessage)}) > 1
    for message in spoken:
        if isinstance(message, HumanMessage):
            author = message.additional_kwargs.get(CALLED) or message.name
            content = f"{author}: {message.text}" if several and author else message.content
            yield message.model_copy(update={"content": content, "name": None})
        else:
            yield message


def _answered(messages: Iterable[AnyMessage]) -> Iterator[AnyMessage]:
    """With one result for each call, before anybody speaks again, and no result without a call."""
    unanswered: dict[str, str] = {}
    for message in messages:
        if isinstance(message, ToolMessage):
            if unanswered.pop(message.tool_call_id, None) is not None:
                yield message
            continue
        yield from _cancelled(unanswered)
        unanswered = {call_id(call): call_name(call) for call in calls(message)}
        yield message
    yield from _cancelled(unanswered)


def _cancelled(unanswered: Mapping[str, str]) -> Iterator[ToolMessage]:
    for call, name in unanswered.items():
        yield ToolMessage(CANCELLED, tool_call_id=call, name=name, status="error")
