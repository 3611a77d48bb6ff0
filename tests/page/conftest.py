"""One browser for all files with a browser in them, in one event loop; it takes two seconds of a processor to start."""

from collections.abc import AsyncGenerator

import pytest_asyncio
from playwright.async_api import Browser, Page

from bot.slack.local import LocalSlack
from tests import stage
from tests.page.browser import open_browser, open_window


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser, None]:
    async with open_browser() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def window(browser: Browser) -> AsyncGenerator[Page, None]:
    """One for all tests, for a new one takes a second: what the page stores is kept apart by its Slack's port."""
    async with open_window(browser) as window:
        yield window


@pytest_asyncio.fixture(loop_scope="session")
async def slack() -> AsyncGenerator[LocalSlack, None]:
    """The stage's, in the browser's event loop."""
    async with stage.open_slack() as slack:
        yield slack


@pytest_asyncio.fixture(loop_scope="session")
async def model() -> AsyncGenerator[stage.Model, None]:
    """The stage's, in the browser's event loop."""
    async with stage.Model.open() as model:
        yield model
