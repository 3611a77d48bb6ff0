"""Events that come again while they are still being stored."""

import asyncio

import pytest

from bot.slack.deliveries import Deliveries


class Store:
    """Stores when it is let, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.asked = 0
        self.let: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def put(self) -> bool:
        self.asked += 1
        return await asyncio.shield(self.let)


async def begun(deliveries: Deliveries, store: Store, count: int) -> list[asyncio.Task[bool]]:
    tasks = [asyncio.create_task(deliveries.store("Ev1", store.put)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_again_meanwhile_is_stored_once_and_acknowledged_only_then() -> None:
    deliveries, store = Deliveries(), Store()
    tasks = await begun(deliveries, store, 3)
    assert store.asked == 1
    assert not any(task.done() for task in tasks)
    store.let.set_result(True)
    assert await asyncio.gather(*tasks) == [True, False, False]
    await deliveries.store("Ev1", store.put)
    assert store.asked == 2


async def test_what_cannot_be_stored_is_not_acknowledged_to_any() -> None:
    deliveries, store = Deliveries(), Store()
    tasks = await begun(deliveries, store, 2)
    store.let.set_exception(ValueError("away"))
    assert [type(end) for end in await asyncio.gather(*tasks, return_exceptions=True)] == [ValueError, ValueError]


async def test_a_delivery_that_is_ended_says_so_to_those_that_wait_for_it() -> None:
    deliveries, store = Deliveries(), Store()
    first, second = await begun(deliveries, store, 2)
    first.cancel()
    with pytest.raises(ConnectionError):
        await second
    store.let.set_result(True)
    assert await deliveries.store("Ev1", store.put)
