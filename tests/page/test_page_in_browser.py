"""The playground's page in a real browser. The bot's part is played through Slack's Web API, as a bot would."""

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, WebSocketRoute, expect
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.local import LocalSlack
from bot.slack.local.interactions import new_trigger
from bot.slack.local.modals import answered
from tests.page.browser import visit

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


@pytest_asyncio.fixture(loop_scope="session")
async def page(window: Page, slack: LocalSlack) -> AsyncGenerator[Page, None]:
    async with visit(window, slack.url) as page:
        yield page


@pytest.fixture
def bot(slack: LocalSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url)


async def write(page: Page, text: str, *, where: str = "Message #general") -> None:
    field = page.get_by_role("textbox", name=where)
    await field.fill(text)
    await field.press("Enter")


async def place(page: Page, text: str) -> dict[str, str]:
    """Where that message stands: channel and ts, as the Web API wants them."""
    row = page.locator("#room .message", has_text=text).last
    await row.wait_for()
    channel = await page.locator("#channels [aria-current]").get_attribute("data-channel")
    return {"channel": str(channel), "ts": str(await row.get_attribute("data-ts"))}


def ts_of(answer: AsyncSlackResponse) -> str:
    return str(cast("dict[str, Any]", answer.data)["ts"])


async def reply(bot: AsyncWebClient, root: dict[str, str], text: str) -> dict[str, str]:
    answer = await bot.chat_postMessage(
        channel=root["channel"], thread_ts=root["ts"], text=text, blocks=[markdown(text)]
    )
    return {"channel": root["channel"], "ts": ts_of(answer)}


async def edit(bot: AsyncWebClient, message: dict[str, str], text: str) -> None:
    await bot.chat_update(channel=message["channel"], ts=message["ts"], text=text, blocks=[markdown(text)])


def markdown(text: str) -> dict[str, str]:
    return {"type": "markdown", "text": text}


async def test_a_mention_opens_its_thread_and_the_answer_grows_there(page: Page, bot: AsyncWebClient) -> None:
    thread = page.get_by_role("complementary", name="Thread")

    await write(page, "@skein What is the weather in SF?")
    question = await place(page, "What is the weather in SF?")
    answer = await reply(bot, question, "It is **cool**")

    await expect(thread.locator(".message")).to_have_count(2)
    shown = thread.locator(".message").last
    await expect(shown.locator(".badge")).to_have_text("APP")
    await expect(page.get_by_role("textbox", name="Reply…")).to_be_focused()
    before = await shown.locator("strong", has_text="cool").element_handle()
    await edit(bot, answer, "It is **cool** and foggy.\n\n| a |\n|---|\n| 14 |")
    await expect(shown.locator("td")).to_have_text("14")
    assert before is not None
    assert await before.evaluate("element => element.isConnected"), "what did not change is still the same element"
    await expect(page.locator("#room .message", has_text="weather").get_by_text("1 reply")).to_be_visible()


async def test_a_thread_opens_from_its_reply_count_and_closes_with_escape(page: Page, bot: AsyncWebClient) -> None:
    await write(page, "Lunch?")
    root = await place(page, "Lunch?")
    await reply(bot, root, "I do not eat.")

    await page.get_by_role("button", name="1 reply").click()
    await expect(page.get_by_role("textbox", name="Reply…")).to_be_focused()
    await write(page, "Pity.", where="Reply…")
    await expect(page.locator("#thread .message")).to_have_count(3)
    await page.keyboard.press("Escape")

    await expect(page.locator("#thread")).to_be_hidden()
    await expect(page.get_by_role("button", name="2 replies")).to_be_visible()


async def test_a_direct_message_is_hidden_from_the_other_person(page: Page) -> None:
    direct = page.get_by_role("list", name="Direct messages").get_by_role("button", name="Skein", exact=True)
    await direct.click()
    await write(page, "a secret of Ada's", where="Message Skein")
    await expect(page.locator("#room .message")).to_have_count(1)

    await page.locator("#acting").get_by_text("Grace").click()
    await expect(page.get_by_role("radio", name="Grace")).to_be_checked()
    await direct.click()

    await expect(page.get_by_text("This is the beginning of your conversation with Skein.")).to_be_visible()
    await expect(page.get_by_text("a secret of Ada's")).to_have_count(0)


async def test_names_are_completed_by_keyboard(page: Page) -> None:
    field = page.get_by_role("textbox", name="Message #general")
    await field.press_sequentially("hi @")
    await expect(page.get_by_role("option")).to_have_count(2)
    await field.press("ArrowDown")
    await field.press("Enter")
    await expect(field).to_have_value("hi @grace ")

    await field.press_sequentially("@sk")
    await field.press("Escape")
    await expect(page.get_by_role("option")).to_have_count(0)
    await field.press("Enter")

    await expect(page.locator("#room .mention")).to_have_text("@Grace", ignore_case=True)


async def test_an_own_message_is_edited_and_deleted(page: Page) -> None:
    await write(page, "helo")
    await expect(page.locator("#room .message")).to_have_count(1)
    message = page.locator("#room .message")
    await message.hover()
    await message.get_by_role("button", name="Edit message").click()
    await page.get_by_role("textbox", name="Edit message").fill("hello")
    await page.keyboard.press("Enter")
    await expect(message.locator(".body")).to_have_text("hello")
    await expect(message.get_by_text("(edited)")).to_be_visible()

    await message.hover()
    await message.get_by_role("button", name="Delete message").click()

    await expect(message).to_have_count(0)


async def test_a_reaction_is_put_from_the_menu(page: Page) -> None:
    await write(page, "done")
    message = page.locator("#room .message")
    await message.hover()
    await message.get_by_role("button", name="Add reaction").click()
    await message.get_by_role("button", name="React with eyes").click()

    await expect(message.get_by_role("button", name="eyes, 1")).to_have_attribute("aria-pressed", "true")


async def test_a_button_sends_what_it_carries(page: Page, bot: AsyncWebClient) -> None:
    await write(page, "anybody?")
    root = await place(page, "anybody?")
    button = {"type": "button", "text": {"type": "plain_text", "text": "Stop"}, "action_id": "stop", "value": "7"}
    row = {"type": "actions", "block_id": "row", "elements": [button]}
    posted = await bot.chat_postMessage(channel=root["channel"], text="…", blocks=[row])

    async with page.expect_response("**/play/click") as click:
        await page.get_by_role("button", name="Stop").click()

    response = await click.value
    assert await response.json() == {"ok": True}
    sent = response.request.post_data_json
    assert sent == {
        "as": await page.get_by_role("radio", name="Ada").input_value(),
        "channel": root["channel"],
        "ts": ts_of(posted),
        "action_id": "stop",
        "block_id": "row",
        "value": "7",
    }


async def test_a_form_says_what_is_wrong_with_it_and_keeps_what_was_written(
    page: Page, slack: LocalSlack, bot: AsyncWebClient
) -> None:
    ada = slack.user("ada")
    plain = {"type": "plain_text", "text": "Word"}
    field = {"type": "plain_text_input", "action_id": "word", "max_length": 5}
    block = {"type": "input", "block_id": "word", "label": plain, "element": field}
    trigger = new_trigger(slack.context, ada)
    await bot.views_open(trigger_id=trigger, view={"type": "modal", "title": plain, "submit": plain, "blocks": [block]})

    form = page.get_by_role("dialog")
    await form.get_by_label("Word").fill("seven")
    answered(slack.context, ada.id, {"response_action": "errors", "errors": {"word": "Not that one."}})

    await expect(form.get_by_text("Not that one.")).to_be_visible()
    await expect(form.get_by_label("Word")).to_have_value("seven")


async def test_the_end_is_followed_until_one_scrolls_up(page: Page, bot: AsyncWebClient) -> None:
    await write(page, "@skein tell me more")
    answer = await reply(bot, await place(page, "tell me more"), "line\n" * 60)
    scroller = page.get_by_role("log", name="Replies")
    from_end = "log => log.scrollHeight - log.scrollTop - log.clientHeight"
    await expect(scroller.locator(".message")).to_have_count(2)
    assert await scroller.evaluate(from_end) < 2

    await edit(bot, answer, "line\n" * 90 + "# the end")
    await expect(scroller.get_by_role("heading", name="the end")).to_be_in_viewport()

    await scroller.evaluate("log => { log.scrollTop = 300; }")
    await expect(page.get_by_role("button", name="Latest messages")).to_be_visible()
    await edit(bot, answer, "line\n" * 120 + "# the very end")
    await expect(scroller.get_by_role("heading", name="the very end")).to_have_count(1)
    assert await scroller.evaluate("log => log.scrollTop") == 300

    await page.get_by_role("button", name="Latest messages").click()
    await expect(scroller.get_by_role("heading", name="the very end")).to_be_in_viewport()


async def test_a_lost_connection_comes_back_with_what_was_missed(
    browser: Browser, slack: LocalSlack, bot: AsyncWebClient
) -> None:
    page = await browser.new_page()
    sockets: asyncio.Queue[WebSocketRoute] = asyncio.Queue()
    allowed = asyncio.Event()
    allowed.set()

    async def through(socket: WebSocketRoute) -> None:
        if not allowed.is_set():
            await socket.close()
            return
        socket.connect_to_server()
        sockets.put_nowait(socket)

    await page.route_web_socket(re.compile("/play/live"), through)
    await page.goto(slack.url)
    await write(page, "before")
    root = await place(page, "before")

    allowed.clear()
    await (await sockets.get()).close()
    await expect(page.get_by_text("Reconnecting…")).to_be_visible()
    await bot.chat_postMessage(channel=root["channel"], text="meanwhile")
    allowed.set()

    await expect(page.get_by_text("meanwhile")).to_be_visible()
    await expect(page.get_by_text("Reconnecting…")).to_be_hidden()
    await page.close()


async def test_a_suggestion_in_an_empty_channel_is_said(page: Page) -> None:
    await page.get_by_role("button", name="@skein What is the weather in SF?").click()

    await expect(page.locator("#room .message .mention")).to_have_text("@skein", ignore_case=True)
