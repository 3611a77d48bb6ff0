"""What a worker expects to find in the inbox, so that it does not look there in vain."""

import asyncio
from datetime import timedelta


class Expected:
    """How many turns may be waiting at most, by what was told of them.

    `many` stands for any number: as many as are taken at once. So many are expected at first, as nobody was listening.
    """

    def __init__(self, many: int) -> None:
        self._many = many
        self.turns = many
        self.hears = False
        """Whether arrivals are told of: not while one connects anew, nor by a PgBouncer that pools transactions."""
        self._news = asyncio.Event()

    def add(self, turns: int | None = None) -> None:
        """So many more may be waiting, or any number."""
        self.turns += self._many if turns is None else turns
        self.wake()

    def remove(self, turns: int) -> None:
        """So many were taken, or are not there."""
        self.turns -= turns

    def wake(self) -> None:
        """End the wait."""
        self._news.set()

    async def wait(self, within: timedelta) -> None:
        """Until more are expected: in that time at the latest, for leases that run out tell nobody."""
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self._news.wait()
        except TimeoutError:
            self.add()
        self._news.clear()
