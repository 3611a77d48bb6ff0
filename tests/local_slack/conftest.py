"""A local Slack of the test's own, and the ways of a bot to talk to it."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import aiohttp
import pytest

from bot.slack.local import LocalSlack
from tests.local_slack.bots import Client, client_of
from tests.local_slack.receiver import Receiver, receiving

SOON = timedelta(milliseconds=30)


@pytest.fixture
async def slack() -> AsyncGenerator[LocalSlack, None]:
    async with LocalSlack.open(retry_delays=[timedelta(0), SOON, SOON], ack_timeout=SOON * 10) as slack:
        yield slack


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession, None]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(slack: LocalSlack, session: aiohttp.ClientSession) -> Client:
    return client_of(slack, session)


@pytest.fixture
async def receiver(slack: LocalSlack, client: Client) -> AsyncGenerator[Receiver, None]:
    async with receiving(slack, client) as receiver:
        yield receiver
