"""Two hundred conversations, in bursts; what people say reaches the bot twice and out of order."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.slack.local import LocalSlack
from bot.slack.local.changes import Posted
from bot.slack.local.events import events_of

CONVERSATIONS = 200
DIRECT = 0.3
"""How many of the conversations are direct messages."""
CHANNELS = 5
BURST = (1, 25)
LATE = 0.05
LATE_SECONDS = 2.0
SPREAD_SECONDS = 0.3
TWICE = 0.5
RETRIES = [timedelta(seconds=pause) for pause in (1, 2, 4, 8, *[15] * 20)]
"""More than Slack's three, and as theirs further and further apart: a bot that is flooded has to recover."""


@dataclass(slots=True)
class Talk:
    """A conversation: where it is, who speaks, and the `ts` of each numbered message in it."""

    who: str
    channel: str
    thread: str | None = None
    said: dict[int, str] = field(default_factory=dict[int, str])


class Crowd:
    """The people. `talks` tells afterwards what was said where."""

    def __init__(self, slack: LocalSlack, chance: random.Random, group: asyncio.TaskGroup) -> None:
        self._slack = slack
        self._chance = chance
        self._group = group
        # What they say is delivered by hand.
        slack.subscriptions.clear()
        self.talks = [self._talk(number) for number in range(CONVERSATIONS)]
        self.deliveries = 0
        self._delivered: set[int] = set()

    def _talk(self, number: int) -> Talk:
        if number < CONVERSATIONS * DIRECT:
            who = self._slack.add_user(f"person{number}").name
            return Talk(who, self._slack.direct_channel(who))
        name = f"storm{number % CHANNELS}"
        if self._slack.workspace.channel_id_of(name) is None:
            self._slack.add_channel(name)
        return Talk("ada", self._slack.channel(name).id)

    async def talk(self, messages: int, seconds: float) -> None:
        """Say so many messages in that time, then wait until all were delivered to whoever is there."""
        bursts = list(_bursts(messages, self._chance))
        number = 0
        for size in bursts:
            for talk in self._chance.choices(self.talks, k=size):
                number += 1
                await self._say(talk, number)
            await asyncio.sleep(self._chance.uniform(0, 2) * seconds / len(bursts))

    async def _say(self, talk: Talk, number: int) -> None:
        first = talk.thread is None and not self._is_direct(talk)
        mention = "@skein " if first or self._is_new(talk) else ""
        ts = await self._slack.say(talk.who, talk.channel, f"{mention}m{number}", thread=talk.thread)
        talk.said[number] = ts
        if first:
            talk.thread = ts
        message = self._slack.message(talk.channel, ts)
        for event in events_of(self._slack.workspace, Posted(message)):
            name = f"Ev{number}{event['type']}"
            for _ in range(1 + (self._chance.random() < TWICE)):
                self._group.create_task(self._deliver(event, name, number))

    def _is_new(self, talk: Talk) -> bool:
        """Whether the bot may not have heard of the thread yet: what needs no mention there has to come later."""
        if self._is_direct(talk):
            return False
        first = next(iter(talk.said))
        return first not in self._delivered or any(
            dispatch.event_id == f"Ev{first}message" for dispatch in self._slack.unacknowledged
        )

    def _is_direct(self, talk: Talk) -> bool:
        return talk.channel.startswith("D")

    def _delay(self) -> float:
        return self._chance.random() * (LATE_SECONDS if self._chance.random() < LATE else SPREAD_SECONDS)

    async def _deliver(self, event: dict[str, Any], name: str, number: int) -> None:
        await asyncio.sleep(self._delay())
        self.deliveries += 1
        await self._slack.deliver(event, event_id=name)
        self._delivered.add(number)


def _bursts(messages: int, chance: random.Random) -> Iterator[int]:
    while messages > 0:
        size = min(messages, chance.randint(*BURST))
        yield size
        messages -= size
