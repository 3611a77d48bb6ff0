"""Taking a message out of a memory for good: out of each of its states, and of the notes that were made of it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage

from bot.checkpoints import FencedSaver
from bot.conversation import Message
from bot.earlier import TIMESTAMP
from bot.forgetting import answer_to, forgotten
from bot.memory import SETTLED, remembered

NotesWithout = Callable[[str, str], Awaitable[str]]
"""Gives notes without what they know from a message that said this."""

_KEPT = {
    "blob": """
select checkpoint_ns, channel, version, type, blob from checkpoint_blobs
where thread_id = %(thread)s and blob is not null
""",
    "write": """
select checkpoint_ns, channel, checkpoint_id, task_id, idx, type, blob from checkpoint_writes
where thread_id = %(thread)s
""",
}

_CHANGE = {
    "blob": """
update checkpoint_blobs set type = %(type)s, blob = %(blob)s
where thread_id = %(thread)s and checkpoint_ns = %(checkpoint_ns)s and channel = %(channel)s and version = %(version)s
""",
    "write": """
update checkpoint_writes set type = %(type)s, blob = %(blob)s
where thread_id = %(thread)s and checkpoint_ns = %(checkpoint_ns)s and checkpoint_id = %(checkpoint_id)s
    and task_id = %(task_id)s and idx = %(idx)s
""",
}

# Text stands in the checkpoint itself, by langgraph-checkpoint-postgres 3.
_NOTES = """
select distinct checkpoint -> 'channel_values' ->> 'notes' as notes,
    checkpoint -> 'channel_versions' ->> 'messages' as messages,
    checkpoint -> 'channel_versions' ->> 'settled_messages' as settled_messages
from checkpoints
where thread_id = %(thread)s and checkpoint_ns = '' and checkpoint -> 'channel_values' ->> 'notes' is not null
"""

_CHANGE_NOTES = """
update checkpoints set checkpoint = jsonb_set(checkpoint, '{channel_values,notes}', to_jsonb(%(new)s::text))
where thread_id = %(thread)s and checkpoint -> 'channel_values' ->> 'notes' = %(old)s
"""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A value that the memory keeps, with the row in which it does."""

    kind: str
    row: Mapping[str, Any]
    value: Any


async def erase(
    saver: FencedSaver, thread_id: str, message: Message, *, answer: bool, notes: NotesWithout | None
) -> None:
    """Take a message, or with `answer` what was answered to it, out of a memory that nobody else writes to meanwhile.

    All of it is changed at once, or nothing. Raises LeaseLost and whatever psycopg raises.
    """
    thread = {"thread": thread_id}
    kept = [
        _Kept(kind, row, saver.serde.loads_typed((row["type"], bytes(row["blob"]))))
        for kind, query in _KEPT.items()
        for row in await saver.rows(query, thread)
    ]
    said = answer_to((one.value for one in kept), message.ts) if answer else [HumanMessage(message.text, id=message.ts)]
    anew: dict[str, str] = {}
    if notes and said:
        for old in _made_of(message.ts, await saver.rows(_NOTES, thread), kept):
            anew[old] = await notes(old, "\n\n".join(str(one.text) for one in said))
    changes = [(_CHANGE[one.kind], {**one.row, **thread, **new}) for one, new in _changed(saver, kept, said, anew)]
    await saver.change([*changes, *((_CHANGE_NOTES, {**thread, "old": old, "new": new}) for old, new in anew.items())])


def _changed(
    saver: FencedSaver, kept: Iterable[_Kept], said: Iterable[BaseMessage], anew: Mapping[str, str]
) -> Iterable[tuple[_Kept, dict[str, Any]]]:
    gone = forgotten(said)
    for one in kept:
        value = anew.get(one.value, one.value) if isinstance(one.value, str) else gone.without(one.value)
        if value is not one.value:
            kind, blob = saver.serde.dumps_typed(value)
            yield one, {"type": kind, "blob": blob}


def _made_of(ts: str, rows: Iterable[Mapping[str, Any]], kept: Iterable[_Kept]) -> Iterable[str]:
    """The notes that may have been made of that message: of those beside which only later ones stand word for word."""
    values = {
        (one.row["channel"], one.row["version"]): one.value
        for one in kept
        if one.kind == "blob" and not one.row["checkpoint_ns"]
    }

    def stand(row: Mapping[str, Any]) -> list[AnyMessage]:
        return remembered({name: values.get((name, row[name]), []) for name in (SETTLED, "messages")})

    return dict.fromkeys(row["notes"] for row in rows if row["notes"] and not _reaches(stand(row), ts))


def _reaches(messages: Iterable[BaseMessage], ts: str) -> bool:
    """Whether these messages go back to that one."""
    stamps = [one.id for one in messages if isinstance(one, HumanMessage) and one.id and TIMESTAMP.fullmatch(one.id)]
    return any(Decimal(stamp) <= Decimal(ts) for stamp in stamps)
