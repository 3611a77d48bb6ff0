"""The company that a turn is in: who speaks there, what they said meanwhile, and whether they mean the bot."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bot.conversation import Address, Message
from bot.database import until_reached
from bot.errors import Unreadable
from bot.inbox import Inbox
from bot.judge import Judge
from bot.platform import Room
from bot.turns import Turn


@dataclass(slots=True)
class Company:
    """Those with whom the messages of `turn` were said. `is_shared` once people turn out to talk to each other."""

    turn: Turn
    inbox: Inbox
    room: Room
    judge: Judge | None
    is_shared: bool = False

    async def messages(self) -> Sequence[Message]:
        """The turn's messages with their authors' names and what their files say."""
        return await self.room.introduce(await self.room.read_in(self.turn.messages))

    async def name(self, author: str) -> str:
        """What people call somebody."""
        return await self.room.name(author)

    async def is_meant(self) -> bool:
        """Whether the messages are for the bot. Judged is what says nothing of it, before anything is shown."""
        turn = self.turn
        if not turn.is_doubtful or turn.pages or self.judge is None:
            return True
        try:
            before = await self.room.between(turn.conversation, None, turn.messages[0].ts)
        except Unreadable:
            before = ()
        return await self.judge(before, await self.room.introduce(turn.messages))

    async def earlier(self, after: str | None) -> Sequence[Message]:
        """What was said in the thread after that `ts`. Raises Unreadable.

        The thread is read only if there is something: that takes time, and one of the calls that all share.
        """
        turn = self.turn
        begins_here = turn.messages[0].ts == turn.conversation.thread
        was_aside = turn.aside is not None and (after is None or turn.aside > after)
        if after is not None and after >= turn.messages[-1].ts:
            return ()  # it was said before what the memory has: it comes back from a course that was left
        if turn.conversation.is_direct or not (was_aside or (after is None and not begins_here)):
            return ()
        heard = await self.room.between(turn.conversation, after, turn.messages[-1].ts)
        people = {said.author for said in (*heard, *turn.messages) if not said.is_machine}
        self.is_shared = after is None and len(people) > 1
        for said in heard:
            if not said.overheard:
                # It is for the bot, and its event is late or was lost: it gets a turn of its own, once.
                await until_reached(partial(self.inbox.put, said, address=Address.BOT))
        left_out = await until_reached(lambda: self.inbox.left_out(turn.conversation))
        first = min(said.ts for said in (*heard, *turn.messages) if not said.overheard) if after is None else after
        # What was said to nobody since may be for the bot: its event is yet to come, or it is this turn's. Up to what
        # was heard and left aside, all has come.
        known = max(first, turn.aside or "")
        return [
            said
            for said in heard
            if said.overheard and said.ts not in left_out and (said.is_machine or said.ts <= known)
        ]
