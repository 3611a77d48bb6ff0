"""Files that people drop into messages: fetched from Slack, and from nowhere else, and read."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.conversation import File, Message
from bot.documents import NotReadable, text_of
from bot.pictures import KINDS

log = structlog.get_logger()

TIMEOUT = timedelta(seconds=30)
SLACK = "slack.com"
PIECE = 1 << 16
KEPT = 8
"""How many pictures are kept in this process."""


class Files:
    """Reads what came with messages, with the bot's token; of each file at most `most_bytes` and `most_characters`."""

    def __init__(
        self, client: AsyncWebClient, *, most_bytes: int, most_characters: int, takes_pictures: bool = False
    ) -> None:
        self._takes_pictures = takes_pictures
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._client = client
        self._most_bytes = most_bytes
        self._most_characters = most_characters

    async def look(self, url: str) -> bytes | None:
        """A picture; None if it cannot be had. The last few are kept: the same is asked for at each step of a turn."""
        if url not in self._pictures:
            try:
                self._pictures[url] = await self._fetched(File("picture", "", 0, url))
            except NotReadable:
                return None
        self._pictures.move_to_end(url)
        while len(self._pictures) > KEPT:
            self._pictures.popitem(last=False)
        return self._pictures[url]

    async def read_in(self, messages: Sequence[Message]) -> list[Message]:
        """The messages with what their files say in their text; of a file that cannot be read, its name and why."""
        return list(await asyncio.gather(*map(self._with_files, messages)))

    async def _with_files(self, message: Message) -> Message:
        if not message.files:
            return message
        told = await asyncio.gather(*map(self._told, message.files))
        return replace(message, text="\n\n".join(filter(None, [message.text, *told])))

    async def _told(self, file: File) -> str:
        if file.kind in KINDS:
            return f"[attached picture {file.name}{'' if self._takes_pictures else ': I cannot see pictures'}]"
        try:
            text = await text_of(file.name, file.kind, lambda: self._fetched(file))
        except NotReadable as error:
            return f"[attached file {file.name}: {error}]"
        cut = text[: self._most_characters]
        rest = len(text) - len(cut)
        more = f"\n[the rest of it, {rest:,} characters, is left out]" if rest else ""
        return f"[attached file {file.name}]\n{cut}{more}\n[end of {file.name}]"

    async def _fetched(self, file: File) -> bytes:
        if not self._is_slacks(file.url):
            raise NotReadable("it is not kept by Slack")
        if file.size > self._most_bytes:
            raise self._too_large()
        session = self._client.session
        if session is None:
            raise NotReadable("it cannot be fetched")
        headers = {"Authorization": f"Bearer {self._client.token}"}
        try:
            async with (
                asyncio.timeout(TIMEOUT.total_seconds()),
                # Wherever it leads, the token must not go there.
                session.get(file.url, headers=headers, allow_redirects=False) as response,
            ):
                return await self._content(file, response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.info("file_unreachable", error=type(error).__name__)
            raise NotReadable("Slack did not give it in time") from error

    async def _content(self, file: File, response: aiohttp.ClientResponse) -> bytes:
        is_page = response.content_type == "text/html" and not file.name.lower().endswith((".html", ".htm"))
        if response.status != HTTPStatus.OK or is_page:
            # Without the scope files:read Slack shows a page to sign in at.
            log.info("file_refused", status=response.status)
            raise NotReadable("Slack does not let me have it; who runs me has to grant files:read")
        content = bytearray()
        async for piece in response.content.iter_chunked(PIECE):
            content += piece
            if len(content) > self._most_bytes:
                raise self._too_large()
        return bytes(content)

    def _too_large(self) -> NotReadable:
        return NotReadable(f"it is larger than {self._most_bytes / 1e6:g} MB")

    def _is_slacks(self, url: str) -> bool:
        try:
            asked, own = urlsplit(url), urlsplit(self._client.base_url)
            if (asked.scheme, asked.netloc) == (own.scheme, own.netloc):
                return True
            host = asked.hostname or ""
        except ValueError:
            return False
        ours = own.hostname or ""
        is_slack = ours == SLACK or ours.endswith(f".{SLACK}")
        return asked.scheme == "https" and is_slack and (host == SLACK or host.endswith(f".{SLACK}"))
