"""What the inbox is to be, in lists and dictionaries: the model that its laws compare it with."""

from dataclasses import dataclass, field
from itertools import takewhile
from operator import itemgetter

from bot.conversation import DIRECT, Address, Conversation, Message
from bot.turns import Turn

LANES = (Conversation("T", "C", "1.000000"), Conversation("T", "C", "2.000000"), Conversation("T", "D", DIRECT))


@dataclass
class Put:
    """A message as it comes."""

    message: Message
    event: str | None
    gesture: str | None


@dataclass
class Known:
    """A message as the model has it."""

    message: Message
    state: str
    waits: bool
    turn: int | None = None

    @property
    def is_wish(self) -> bool:
        return self.message.conversation.thread == DIRECT and self.message.text == "new topic"


@dataclass
class Answer:
    """What a turn answered, as the model has it; `left` once the conversation went back to before it."""

    lane: Conversation
    pages: tuple[str, ...]
    left: bool = False


@dataclass
class Held:
    """A turn that runs, as the model has it; `over` once its lease has run out."""

    turn: Turn
    worker: str
    deaths: int = 0
    over: bool = False
    pages: tuple[str, ...] = ()


@dataclass
class Plain:
    """What the inbox is to be: lists and dictionaries."""

    messages: list[Known] = field(default_factory=list[Known])
    seen: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])
    since: dict[Conversation, float] = field(default_factory=dict[Conversation, float])
    shared: set[Conversation] = field(default_factory=set[Conversation])
    quiet: set[Conversation] = field(default_factory=set[Conversation])
    aside: dict[Conversation, float] = field(default_factory=dict[Conversation, float])
    overheard: dict[tuple[Conversation, float], Put] = field(default_factory=dict[tuple[Conversation, float], Put])
    held: dict[Conversation, Held] = field(default_factory=dict[Conversation, Held])
    stale: list[Turn] = field(default_factory=list[Turn])
    answers: dict[int, Answer] = field(default_factory=dict[int, Answer])
    revised: set[Conversation] = field(default_factory=set[Conversation])

    def put(self, put: Put, address: Address) -> bool:
        lane, ts = put.message.conversation, float(put.message.ts)
        addressed = address is Address.BOT
        if addressed:
            self.since[lane] = min(ts, self.since.get(lane, ts))
        if ts < self.since.get(lane, ts + 1):
            if address in {Address.NAME, Address.NOBODY, Address.BACK}:
                self.overheard.setdefault((lane, ts), put)
            return False
        if not self.is_for_bot(lane, address):
            self.aside[lane] = max(ts, self.aside.get(lane, ts))
            self.shared |= {lane} if address is Address.OTHER else set()
            return False
        waits = self.store(put, waits=lane in self.held)
        for place in sorted((place for place in self.overheard if addressed and place[0] == lane), key=itemgetter(1)):
            if place[1] >= ts:
                self.store(self.overheard.pop(place), waits=False)
        return waits

    def is_for_bot(self, lane: Conversation, address: Address) -> bool:
        match address:
            case Address.BOT:
                return True
            case Address.OTHER | Address.MACHINE:
                return False
            case Address.NAME:
                return lane not in self.quiet
            case Address.NOBODY:
                return lane not in self.quiet | self.shared
            case Address.BACK:
                return lane in self.quiet or lane not in self.shared

    def store(self, put: Put, *, waits: bool) -> bool:
        lane = put.message.conversation
        channel = lane.channel
        names = {("place", channel, put.message.ts)}
        names |= {("event", put.event)} if put.event else set()
        names |= {("gesture", channel, put.gesture)} if put.gesture else set()
        if names & self.seen:
            return False
        self.seen |= names
        self.messages.append(Known(put.message, "waiting", waits))
        if put.message.text == "stay out" and lane.thread != DIRECT:
            self.quiet.add(lane)
        if put.message.text == "come back":
            self.quiet.discard(lane)
        return waits

    def revise(self, known: Known, message: Message, address: Address) -> None:
        lane = message.conversation
        if known.message.edited >= message.edited:
            return
        known.message = message
        if known.state == "taken":
            self.revised.add(lane)
        elif known.state != "waiting" and (address in {Address.BOT, Address.NAME} or known.turn in self.answers):
            self.ask_again(lane, known.turn)
            self.quiet |= {lane} if message.text == "stay out" and lane.thread != DIRECT else set()
            self.quiet -= {lane} if message.text == "come back" else set()

    def ask_again(self, lane: Conversation, turn: int | None) -> None:
        for known in [*self.of(lane, "done"), *self.of(lane, "set_aside")]:
            if known.turn == turn:
                known.state, known.waits = "waiting", False

    def of(self, lane: Conversation, state: str) -> list[Known]:
        """That conversation's messages in that state, in order."""
        found = [known for known in self.messages if known.message.conversation == lane and known.state == state]
        return sorted(found, key=lambda known: float(known.message.ts))

    def next_of(self, lane: Conversation) -> list[Known]:
        """What a new turn of the conversation has to take: all that waits, but a wish to start afresh alone.

        What was answered before, and is to be answered again, goes first, a turn by itself.
        """
        waiting = self.of(lane, "waiting")
        again = min((known.turn for known in waiting if known.turn is not None), default=None)
        first, *more = (known for known in waiting if known.turn == again)
        return [first, *([] if first.is_wish else takewhile(lambda known: not known.is_wish, more))]

    def ready(self) -> list[Conversation]:
        """The conversations that have waited longest of those in which no turn runs."""
        free = {lane: self.of(lane, "waiting") for lane in LANES if lane not in self.held}
        since = {lane: float(waiting[0].message.ts) for lane, waiting in free.items() if waiting}
        return [lane for lane, ts in since.items() if ts == min(since.values())]

    def over(self) -> list[Conversation]:
        return [lane for lane, held in self.held.items() if held.over]
