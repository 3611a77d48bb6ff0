"""`bot play` as a person meets it: the page in a real browser, the real bot behind it, the offline model's words."""

import os
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.offline_script import offline_script
from bot.play import open_playground
from bot.settings import Settings
from bot.worker import Limits
from tests.page.browser import visit
from tests.stories.speech import QUESTIONS

PICTURE = "SKEIN_PICTURE"
"""Names the file that a picture of the page is to be put in: `docs/playground.png` was made so."""


async def ask(page: Page, question: str, *, where: str) -> None:
    """Write into a composer, the channel's or the thread's."""
    field = page.get_by_role("textbox", name=where)
    await field.fill(question)
    await field.press("Enter")


pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edits and words come faster; the search is still longer than several edits, so that a busy machine shows it."""
    monkeypatch.setattr("bot.app.Limits", partial(Limits, pace=timedelta(milliseconds=400)))
    monkeypatch.setattr("bot.offline.SEARCH", timedelta(milliseconds=1500))
    monkeypatch.setattr("bot.offline.offline_script", partial(offline_script, tokens_a_second=400))


async def test_a_mention_streams_a_follow_up_remembers_and_a_direct_message_is_private(
    settings: Settings, window: Page
) -> None:
    offline = settings.model_copy(update={"openai_api_key": None, "openai_base_url": None})
    async with open_playground(offline, port=0) as slack, visit(window, slack.url) as page:
        san_francisco, los_angeles, warmer = QUESTIONS
        thread = page.get_by_role("complementary", name="Thread")
        await expect(page.get_by_text("No model key is set")).to_be_visible()

        await ask(page, f"@skein {san_francisco}", where="Message #general")
        await expect(thread.get_by_text("Searching: weather in SF")).to_be_visible()
        await expect(thread.get_by_text("fog in the morning")).to_be_visible()
        await expect(thread.get_by_text("scripted stand-in")).to_have_count(1)

        await ask(page, los_angeles, where="Reply…")
        await expect(thread.get_by_text("scripted stand-in")).to_have_count(2)
        await ask(page, warmer, where="Reply…")
        await expect(thread.get_by_text("Los Angeles is warmer")).to_be_visible()
        await expect(thread.get_by_text("scripted stand-in")).to_have_count(3)
        if picture := os.environ.get(PICTURE):
            await page.screenshot(path=Path(picture))

        asked = thread.locator(".message", has_text=los_angeles)
        await asked.hover()
        await asked.get_by_role("button", name="Edit message").click()
        await thread.get_by_role("textbox", name="Edit message").fill("What about in New York?")
        await page.keyboard.press("Enter")
        await expect(thread.get_by_text("New York: 9 °C")).to_be_visible()
        await thread.get_by_role("button", name="Show what it said").click()
        await expect(thread.get_by_text("Only visible to you")).to_be_visible()
        await expect(thread.get_by_text("Los Angeles is warmer")).to_be_visible()

        row = page.locator("#room-timeline .message").first
        await row.hover()
        await row.get_by_role("button", name="Set up this channel").click()
        form = page.get_by_role("dialog")
        await form.get_by_label("What it is told to be here").fill("Be a pirate.")
        await form.get_by_label("web_search").uncheck()
        await form.get_by_role("button", name="Save").click()
        await expect(form).to_be_hidden()
        await row.get_by_role("button", name="Set up this channel").click()
        await expect(form.get_by_label("What it is told to be here")).to_have_value("Be a pirate.")
        await expect(form.get_by_label("web_search")).not_to_be_checked()
        await page.keyboard.press("Escape")
        await expect(form).to_be_hidden()

        await page.locator("#channels").get_by_role("button", name="Skein").click()
        await ask(page, "Between you and me", where="Message Skein")
        await expect(page.get_by_text("You said: “Between you and me”")).to_be_visible()
        await page.locator("#acting").get_by_text("Grace").click()
        await page.locator("#channels").get_by_role("button", name="Skein").click()
        await expect(page.get_by_text("Between you and me")).to_have_count(0)
