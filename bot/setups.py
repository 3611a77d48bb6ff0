"""What the bot is in each channel: as people set it there, else as `channels.toml` says, else as everywhere."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from types import MappingProxyType

import structlog
from psycopg.types.json import Jsonb
from pydantic import TypeAdapter, ValidationError

from bot.channels import Channel
from bot.database import UNREACHABLE, Pool

log = structlog.get_logger()

FRESH = timedelta(seconds=5)
"""For how long what was read holds: so late a replica hears what was set at another."""

_CHANNEL = TypeAdapter(Channel)


class Setups:
    """The channels of one workspace. Without a `pool` those of the file alone."""

    def __init__(self, of_file: Mapping[str, Channel], pool: Pool | None = None, workspace: str = "") -> None:
        self.of_file = of_file
        self._pool = pool
        self._workspace = workspace
        self._set: Mapping[str, Channel] = MappingProxyType({})
        self._fresh_until = 0.0
        self._reading = asyncio.Lock()

    async def of(self, channel: str) -> Channel:
        """The setup of a channel. While PostgreSQL is away, what was known last."""
        if self._pool and self._is_stale():
            async with self._reading:
                if self._is_stale():  # nobody has read it while this waited
                    await self._refresh(self._pool)
        of_file = self.of_file.get(channel) or Channel()
        here = self._set.get(channel) or of_file
        # What asks for leave is for whoever runs the bot to say.
        return replace(here, approve=of_file.approve, approvers=of_file.approvers)

    def is_set(self, channel: str) -> bool:
        """Whether people have set it there, as far as `of` has read."""
        return channel in self._set

    async def save(self, channel: str, setup: Channel, who: str) -> None:
        """Store what somebody has set; what the file says anyway is no longer stored. Raises UNREACHABLE."""
        if self._pool is None:
            raise ValueError("there is nowhere to store it")
        async with self._pool.connection() as connection:
            if setup == self.of_file.get(channel, Channel()):
                sql = "delete from skein_channels where workspace = %s and channel = %s"
                await connection.execute(sql, (self._workspace, channel))
            else:
                sql = """insert into skein_channels (workspace, channel, setup, set_by) values (%s, %s, %s, %s)
                    on conflict (workspace, channel)
                    do update set setup = excluded.setup, set_by = excluded.set_by, set_at = now()"""
                told = Jsonb(asdict(setup))
                await connection.execute(sql, (self._workspace, channel, told, who))
        self._fresh_until = 0.0

    def _is_stale(self) -> bool:
        return self._fresh_until < time.monotonic()

    async def _refresh(self, pool: Pool) -> None:
        try:
            self._set = await self._read(pool)
        except UNREACHABLE:
            log.warning("database_unreachable")
        self._fresh_until = time.monotonic() + FRESH.total_seconds()

    async def _read(self, pool: Pool) -> dict[str, Channel]:
        sql = b"select channel, setup from skein_channels where workspace = %s"
        rows = await pool.rows(sql, (self._workspace,))
        found: dict[str, Channel] = {}
        for row in rows:
            try:
                found[row["channel"]] = _CHANNEL.validate_python(row["setup"])
            except ValidationError:
                # Of a version that knew more, or less.
                log.warning("setup_not_understood", channel=row["channel"])
        return found
