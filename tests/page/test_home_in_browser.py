"""The bot's home on the playground's page: read, clicked in, and left again."""

import os

import pytest
from playwright.async_api import Page, expect

from bot.script import Call, Reply, Say, Wire
from bot.slack.local import LocalSlack
from tests.page.browser import visit
from tests.stage import Model, OpenBot
from tests.stories.speech import written

PICTURE = "SKEIN_HOME_PICTURE"
"""Names the file that a picture of it is to be put in: `docs/home.png` was made so."""

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


def script(messages: list[Wire]) -> Reply:
    """A model that remembers what is told of oneself, and answers with a file where a plan is asked for."""
    said = str(messages[-1]["content"])
    if messages[-1]["role"] == "tool":
        return Say("Noted.")
    if said.startswith("I "):
        return Call([("remember", {"fact": said})])
    return Call([("share_file", {"name": "plan.md", "content": "# The plan"})]) if "plan" in said else Say("Foggy.")


async def test_somebody_reads_their_home_chooses_a_language_and_has_a_fact_forgotten(
    slack: LocalSlack, model: Model, start: OpenBot, window: Page
) -> None:
    model.script = script
    async with start(own_tools=True, approve="share_file"):
        ts = await slack.say("ada", "general", "@skein What is the weather in SF?")
        await written(slack, "general", ts, 1)
        ts = await slack.say("ada", "research", "@skein write the plan down for everybody")
        await written(slack, "research", ts, 1)
        for number, fact in enumerate(("I prefer metric units.", "I live in Berlin."), 1):
            await slack.direct("ada", fact)
            await written(slack, slack.direct_channel("ada"), None, number)
        async with visit(window, slack.url) as page:
            await page.get_by_role("button", name="Skein").click()
            await page.get_by_role("tab", name="Home").click()
            home = page.get_by_role("region", name="Home")
            await expect(home.get_by_text("share_file")).to_be_visible()
            await expect(home.get_by_text("What is the weather in SF?")).to_be_visible()
            if file := os.environ.get(PICTURE):
                await page.screenshot(path=file)
            await home.get_by_role("combobox").select_option("German")
            await home.get_by_role("button", name="Forget", exact=True).nth(1).click()
            await expect(home.get_by_text("I live in Berlin.")).to_have_count(0)
            await expect(home.get_by_role("combobox")).to_have_value("German")
            await expect(home.get_by_text("Nothing.")).to_have_count(1)
            page.once("dialog", lambda dialog: dialog.accept())
            await home.get_by_role("button", name="Forget all of it").click()
            await expect(home.get_by_text("Nothing.")).to_have_count(2)  # there, and under Later
            await page.get_by_role("tab", name="Messages").click()
            await expect(home).to_be_hidden()
            await expect(page.get_by_text("Noted.").first).to_be_visible()
