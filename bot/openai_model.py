"""OpenAI's models, at Azure and at servers that speak as OpenAI's do too, without the walk through every request.

OpenAI's client holds each part of a request against every type that it could have, so as to convert what is no JSON
yet: 0.2 ms of the processor for each message of chat completions, 0.6 ms for each of the Responses API, in which no
other conversation goes on. LangChain's messages are JSON. What the client is given as `extra_body` it leaves as it is,
and puts it into the request.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

from langchain_core.language_models import LanguageModelInput
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI


class _Direct(BaseChatOpenAI):
    """Sends messages as LangChain has made them, and streams what can be cancelled at any moment.

    LangChain waits for each piece by `asyncio.wait_for`, which before Python 3.12 makes a task of it, and drops a
    cancel that comes together with the piece.
    """

    longest_silence: float | None = None
    """How many seconds may lie between two pieces of a stream; set `stream_chunk_timeout` to None beside it."""

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        chunks = aiter(super()._astream(*args, **kwargs))
        longest = self._longest_start()
        while True:
            try:
                async with asyncio.timeout(longest):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            yield chunk
            longest = self.longest_silence

    def _longest_start(self) -> float | None:
        """How many seconds may go by until the first piece, with all tries of the request among them."""
        timeout = self.request_timeout
        if self.longest_silence is None or not isinstance(timeout, int | float):
            return None
        return timeout * ((self.max_retries or 0) + 1) + self.longest_silence

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        payload = cast("dict[str, Any]", super()._get_request_payload(input_, stop=stop, **kwargs))
        if "response_format" in payload or "text_format" in payload:
            return payload  # goes another way, which may look at the messages
        direct = {name: payload.pop(name) for name in ("messages", "input") if name in payload}
        payload["extra_body"] = {**(payload.get("extra_body") or {}), **direct}
        if "messages" in direct:
            payload["messages"] = ()  # the client asks for them
        return payload


class DirectModel(_Direct, ChatOpenAI):
    """LangChain's, but for what `_Direct` says."""


class DirectAzureModel(_Direct, AzureChatOpenAI):
    """LangChain's for Azure, but for what `_Direct` says."""
