"""A turn's part in decisions: asking for them, going on with what was decided, and going on without."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.asking import ANYBODY, request_text
from bot.company import Company
from bot.database import until_reached
from bot.decisions import ANYONE, ASKER, Asked, Decided, Request
from bot.platform import Ask
from bot.requests import Open, Requests
from bot.turns import Turn


@dataclass(frozen=True, slots=True)
class Deciding:
    """Does it for one turn. Each of its methods raises LeaseLost."""

    turn: Turn
    requests: Requests
    company: Company

    async def decided(self) -> Sequence[Decided]:
        """What people decided of what the answer that this turn goes on with asks for."""
        if self.turn.again is None:
            return ()
        found = await until_reached(lambda: self.requests.decided(self.turn))
        return [(one, replace(made, name=await self.company.name(made.by))) for one, made in found]

    async def ask(self, asked: Asked) -> tuple[str, list[Ask]]:
        """Ask for it, and tell the text that people read, and what they can decide about."""
        requests = [replace(one, deciders=tuple(dict.fromkeys(self._ids(one)))) for one in asked.requests]
        waiting = await until_reached(lambda: self.requests.ask(self.turn, requests))
        labels = [str(number) for number in range(1, len(waiting) + 1)] if len(waiting) > 1 else [""]
        texts = [await self._text(one, label) for one, label in zip(waiting, labels, strict=True)]
        asks = [Ask(one.id, one.request.choices, label) for one, label in zip(waiting, labels, strict=True)]
        return "\n\n".join(texts), asks

    async def withdraw(self) -> list[tuple[str, str]]:
        """What waits for decisions in the conversation no longer does; the messages that ask, and what they show."""
        return await until_reached(lambda: self.requests.withdraw(self.turn))

    def _ids(self, request: Request) -> Iterator[str]:
        for one in request.deciders or self.requests.deciders:
            if one == ASKER:
                yield from (message.author for message in self.turn.messages)
            else:
                yield one

    async def _text(self, waiting: Open, label: str) -> str:
        deciders = waiting.request.deciders
        names = [ANYBODY] if ANYONE in deciders else [await self.company.name(one) for one in deciders]
        return request_text(waiting.request, names, label)
