"""Faults on order: the next call of a method fails the way a network or Slack itself can fail."""

import asyncio
import os
import socket
import struct
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, cast


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one call; the fields are read in this order.

    First `delay` passes. `reset="before"` then cuts the connection and nothing is done; `reset="after"` cuts it
    when the call was accepted and carried out. `retry_after` (whole seconds) answers 429, `status` that HTTP status,
    `error` that word of Slack's; in these three nothing is done. A fault with only a delay lets the call go on.
    """

    delay: timedelta = timedelta(0)
    reset: Literal["before", "after"] | None = None
    retry_after: int | None = None
    status: int | None = None
    error: str | None = None


@dataclass(slots=True)
class _Order:
    fault: Fault
    times: int
    after: int


class Faults:
    """The faults still to come, for each method in the order they were given."""

    def __init__(self) -> None:
        self._orders: defaultdict[str, deque[_Order]] = defaultdict(deque)

    def add(self, method: str, fault: Fault, times: int, after: int) -> None:
        """Let `after` calls pass, then spoil `times` of them; after all faults given before."""
        self._orders[method].append(_Order(fault, times, after))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._orders.clear()

    def next(self, method: str) -> Fault | None:
        """The fault of this call, which is counted."""
        orders = self._orders.get(method)
        while orders and orders[0].times <= 0:
            orders.popleft()
        if not orders:
            return None
        order = orders[0]
        if order.after > 0:
            order.after -= 1
            return None
        order.times -= 1
        return order.fault


def cut(transport: asyncio.BaseTransport | None) -> None:
    """Break a TCP connection so that the other side sees a reset and not an orderly end."""
    if transport is None or transport.is_closing():
        return
    # The event loop lends no socket to set options of, but its number: a linger of zero seconds makes the close a RST.
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    cast("asyncio.Transport", transport).abort()
