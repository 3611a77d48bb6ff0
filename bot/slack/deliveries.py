"""Events that come again while they are still being stored."""

import asyncio
from collections.abc import Awaitable, Callable


class Deliveries:
    """Has each event stored once at a time.

    Slack sends again what is not acknowledged in time. Without this, a process that is behind would be asked to do more
    the further behind it is.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[None]] = {}

    async def store(self, event_id: str | None, put: Callable[[], Awaitable[bool]]) -> bool:
        """Do `put` and give what it gives; while it is under way already, wait for that and give False.

        What the first delivery raises, those that came meanwhile raise as well; if it is cancelled, ConnectionError.
        """
        if event_id is None:
            return await put()
        if first := self._under_way.get(event_id):
            await asyncio.shield(first)
            return False
        mine = self._under_way[event_id] = asyncio.get_running_loop().create_future()
        try:
            waits = await put()
        except BaseException as error:
            mine.set_exception(error if isinstance(error, Exception) else ConnectionError("ended while it was stored"))
            mine.exception()  # there may be nobody else to look
            raise
        finally:
            del self._under_way[event_id]
        mine.set_result(None)
        return waits
