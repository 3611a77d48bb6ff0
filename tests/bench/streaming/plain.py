"""The loop that most bots have: post the first words, edit every second, wait where Slack says so. A process.

It is kinder than most: an answer that is too long for one message goes on in the next.
"""

import asyncio
import os
import time
from typing import Any

import aiohttp
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

EVERY = 1.0
LONGEST = 3_800


async def _patiently(call: Any, **arguments: Any) -> Any:
    while True:
        try:
            return await call(**arguments)
        except SlackApiError as error:
            response: Any = error.response
            if response["error"] != "ratelimited":
                raise
            await asyncio.sleep(float(response.headers["Retry-After"]))


async def answer(client: AsyncWebClient, model: ChatOpenAI, event: dict[str, Any]) -> None:
    """Stream one answer into the thread of its question."""
    ts, text, shown = "", "", 0.0
    place = {"channel": event["channel"]}
    async for chunk in model.astream([HumanMessage(event["text"])]):
        text += str(chunk.text)
        if len(text) > LONGEST:
            await _patiently(client.chat_update, **place, ts=ts, text=text)
            ts, text = "", ""
        if text.strip() and time.monotonic() - shown >= EVERY:
            if ts:
                await _patiently(client.chat_update, **place, ts=ts, text=text)
            else:
                ts = (await _patiently(client.chat_postMessage, **place, thread_ts=event["ts"], text=text))["ts"]
            shown = time.monotonic()
    if ts:
        await _patiently(client.chat_update, **place, ts=ts, text=text)
    elif text.strip():
        await _patiently(client.chat_postMessage, **place, thread_ts=event["ts"], text=text)


async def main() -> None:
    """Be a bot until killed."""
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"], session=session, retry_handlers=[]
        )
        app = AsyncApp(client=client, signing_secret="unused", request_verification_enabled=False)
        model = ChatOpenAI(model="scripted", stream_usage=True)

        @app.event("app_mention")
        async def mentioned(event: dict[str, Any]) -> None:  # pyright: ignore[reportUnusedFunction]
            await answer(client, model, event)

        @app.event("message")
        async def said() -> None:  # pyright: ignore[reportUnusedFunction]
            pass

        handler = AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"])
        await handler.connect_async()
        print("listening", flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
