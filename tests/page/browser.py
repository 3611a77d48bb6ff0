"""A headless Chromium, and the playground's page opened in it."""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Page, ViewportSize, async_playwright, expect

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The page's only site is this machine: one process for all of it takes a fifth less of the processor.
    "--disable-site-isolation-trials",
    # Nor is there an address bar, whose suggestions are a page of their own.
    "--disable-features=IsolateOrigins,site-per-process,WebUIOmniboxPopup,WebUIOmniboxAimPopup",
    "--renderer-process-limit=1",
    "--in-process-gpu",
]
# A first run on a new machine has everything to compile, the page's neighbours in the test run too.
expect.set_options(timeout=15_000)

WINDOW: ViewportSize = {"width": 1280, "height": 800}


def chromium() -> str:
    """The browser of this machine. Without one the test is skipped, or fails where REQUIRE_BROWSER is set."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        assert not os.environ.get("REQUIRE_BROWSER"), "REQUIRE_BROWSER is set, and there is no chromium on the PATH"
        pytest.skip("there is no chromium on the PATH")
    return found


@asynccontextmanager
async def open_browser() -> AsyncGenerator[Browser, None]:
    # Looked for first: Playwright's own Node does not start where a library of Debian's is missing.
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def open_window(browser: Browser) -> AsyncGenerator[Page, None]:
    """An empty page of its own, as a new profile has it."""
    context = await browser.new_context(viewport=WINDOW, reduced_motion="reduce")
    page = await context.new_page()
    page.set_default_timeout(8000)
    yield page
    await context.close()


@asynccontextmanager
async def visit(page: Page, url: str) -> AsyncGenerator[Page, None]:
    """The playground as Ada sees it first. Fails at the end if the page complained on its console."""
    complaints: list[str] = []

    def on_error(error: Error) -> None:
        complaints.append(str(error))

    def on_line(line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"}:
            complaints.append(line.text)

    page.on("pageerror", on_error)
    page.on("console", on_line)
    await page.goto(url)
    await page.locator("#channels button").first.wait_for()
    yield page
    await page.goto("about:blank")
    page.remove_listener("pageerror", on_error)
    page.remove_listener("console", on_line)
    assert complaints == []
