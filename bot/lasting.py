"""Lasting memory: what people want remembered beyond a conversation, by person and by channel.

Who may know what, and nothing of it is the model's to decide (who asks, and where, comes from the run, not from it):

| remembered                       | kept for         | known again                                              |
|----------------------------------|------------------|----------------------------------------------------------|
| in a direct message              | that person      | in that person's direct messages, nowhere else           |
| in a channel, about who asks     | that person      | in that channel and in that person's direct messages     |
| in a channel, about the channel  | that channel     | in that channel, by everybody there                      |

Forgotten can be what is known there: by anybody in the channel what is about the channel, else by the person alone.
Where several people ask at once, the last of them counts as who asks.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.store.base import BaseStore, Item

LONGEST_FACT = 500
"""Characters of what is remembered at once."""

MOST_FACTS = 200
"""How much is remembered for one person, or one channel."""

OF_PERSON = 3
"""The length of a person's own place; that of a channel within it is one longer."""

Place = tuple[str, ...]

REMEMBER = (
    "Remember a fact for later conversations, when somebody wants it remembered. About: me (who asks) or channel."
)
RECALL = (
    "Tell what is remembered about who asks and about this channel, each fact with its id. With words, what has them."
)
FORGET = "Forget what is remembered, by the ids that recall tells."


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where."""

    workspace: str
    id: str
    channel: str
    is_direct: bool

    @classmethod
    def of(cls, config: RunnableConfig) -> "Asker":
        """Who started the run. Raises ToolException for a run that nobody in particular started."""
        said = config.get("configurable", {})
        if not said.get("asker"):
            raise ToolException("Nothing can be remembered here.")
        return cls(said["workspace"], said["asker"], said["channel"], bool(said["is_direct"]))

    def place(self, about: str) -> Place:
        """Where a new fact is kept."""
        if self.is_direct:
            return (self.workspace, "private", self.id)
        return self._of_channel if about == "channel" else (*self._of_person, self.channel)

    @property
    def places(self) -> Sequence[Place]:
        """Where all is that may be known here."""
        if self.is_direct:
            return _places_of(self.workspace, self.id)
        return ((*self._of_person, self.channel), self._of_channel)

    @property
    def _of_person(self) -> Place:
        return (self.workspace, "person", self.id)

    @property
    def _of_channel(self) -> Place:
        return (self.workspace, "channel", self.channel)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is remembered for a person; `channel` is where alone it is known again, if it was said there."""

    key: str
    text: str
    channel: str


def lasting_memory(store: BaseStore) -> list[BaseTool]:
    """The tools `remember`, `recall` and `forget` over this store."""

    async def remember(config: RunnableConfig, fact: str, about: Literal["me", "channel"] = "me") -> str:
        asker, text = Asker.of(config), " ".join(fact.split())
        if not 0 < len(text) <= LONGEST_FACT:
            raise ToolException(f"A fact has 1 to {LONGEST_FACT} characters.")
        place = asker.place(about)
        if len(await _facts(store, [place])) >= MOST_FACTS:
            raise ToolException(f"{MOST_FACTS} facts are remembered already; forget some first.")
        # The same fact has the same key: a run that is taken up again after a crash remembers it once.
        key = uuid.uuid5(uuid.NAMESPACE_OID, "/".join((*place, text.casefold()))).hex[:8]
        await store.aput(place, key, {"fact": text, "by": asker.id}, index=False)
        return f"Remembered as {key}."

    async def recall(config: RunnableConfig, words: str = "") -> str:
        found = await _facts(store, Asker.of(config).places)
        wanted = words.casefold().split()
        facts = [item for item in found if not wanted or any(word in _text(item).casefold() for word in wanted)]
        return "\n".join(f"{item.key}: {_text(item)}" for item in facts) or "Nothing is remembered."

    async def forget(config: RunnableConfig, ids: list[str]) -> str:
        known = {item.key: item for item in await _facts(store, Asker.of(config).places)}
        gone = [key for key in dict.fromkeys(ids) if key in known]
        for key in gone:
            await store.adelete(known[key].namespace, key)
        return f"Forgotten: {len(gone)}." if gone else "There is nothing with these ids."

    return [
        StructuredTool.from_function(coroutine=remember, description=REMEMBER),
        StructuredTool.from_function(coroutine=recall, description=RECALL),
        StructuredTool.from_function(coroutine=forget, description=FORGET),
    ]


async def known_of(store: BaseStore, workspace: str, person: str) -> list[Fact]:
    """All that is remembered for a person, wherever they have said it, the oldest first."""
    found = await _facts(store, _places_of(workspace, person))
    return [Fact(item.key, _text(item), item.namespace[3] if len(item.namespace) > OF_PERSON else "") for item in found]


async def forget_of(store: BaseStore, workspace: str, person: str, keys: Collection[str] | None = None) -> int:
    """Forget what is remembered for a person, or what of it has these keys; tells how much that was."""
    found = await _facts(store, _places_of(workspace, person))
    gone = [item for item in found if keys is None or item.key in keys]
    for item in gone:
        await store.adelete(item.namespace, item.key)
    return len(gone)


def _places_of(workspace: str, person: str) -> Sequence[Place]:
    return ((workspace, "private", person), (workspace, "person", person))


async def _facts(store: BaseStore, places: Iterable[Place]) -> list[Item]:
    """What is kept in these places and below them, the oldest first."""
    found: list[Item] = []
    for place in places:
        found += await store.asearch(place, limit=MOST_FACTS)
    return sorted(found, key=lambda item: item.created_at)


def _text(item: Item) -> str:
    return str(item.value.get("fact", ""))
