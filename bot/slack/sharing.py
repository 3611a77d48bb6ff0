"""A tool that answers with a file: a long table, a long listing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.errors import Busy, PlatformError
from bot.slack.client import call, spend
from bot.slack.thread import since
from bot.slack.tiers import COMPLETE_UPLOAD, UPLOAD_ADDRESS
from bot.tools import SHARE_FILE

SHARE_PURPOSE = (
    "Share a text file with the people of this conversation: a table of more than 20 rows as CSV, code of more than "
    "100 lines, or whatever they ask for as a file. `name` has the fitting ending. Do not repeat its content in the "
    "answer."
)
MOST_BYTES = 1_000_000
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Sharing:
    """Shares files in the conversation that a tool is called in, as the bot `me`."""

    client: AsyncWebClient
    budget: Budget
    me: str

    def tools(self) -> list[BaseTool]:
        """The tool `share_file`."""
        return [StructuredTool.from_function(coroutine=self._share, name=SHARE_FILE, description=SHARE_PURPOSE)]

    async def _share(self, config: RunnableConfig, name: str, content: str) -> str:
        asked = config.get("configurable", {})
        file, data = _safe(name), content.encode()
        if not data or len(data) > MOST_BYTES:
            raise ToolException(f"A file has 1 to {MOST_BYTES:,} bytes; this has {len(data):,}.")
        try:
            # Whoever died in the middle of this may have shared it already.
            if not await self._is_there(asked, file, len(data)):
                await self._upload(asked, file, data)
        except Busy as busy:
            raise ToolException("Slack cannot take the file now. Answer without it, or try again.") from busy
        except PlatformError as error:
            raise ToolException(f"Slack refuses the file: {error.code}.") from error
        return f"People see {file} in this conversation now."

    async def _is_there(self, asked: Mapping[str, Any], name: str, size: int) -> bool:
        method, request = since(self.client, asked["channel"], asked["thread"], asked["since"])
        response = await spend(self.budget, method, asked["channel"], request)
        ours = [message for message in response["messages"] if message.get("user") == self.me]
        files = [file for message in ours for file in cast("list[dict[str, Any]]", message.get("files") or [])]
        return any((file.get("name"), file.get("size")) == (name, size) for file in files)

    async def _upload(self, asked: Mapping[str, Any], name: str, data: bytes) -> None:
        place = await spend(
            self.budget,
            UPLOAD_ADDRESS,
            asked["channel"],
            lambda: self.client.files_getUploadURLExternal(filename=name, length=len(data)),
        )
        await call(lambda: self._send(place["upload_url"], data))
        await spend(
            self.budget,
            COMPLETE_UPLOAD,
            asked["channel"],
            lambda: self.client.files_completeUploadExternal(
                files=[{"id": place["file_id"], "title": name}],
                channel_id=asked["channel"],
                thread_ts=asked["thread"],
            ),
        )

    async def _send(self, address: str, data: bytes) -> None:
        session = self.client.session
        if session is None:
            raise PlatformError("no_session")
        # The address is the right to send it: no token goes along.
        async with session.post(address, data=data, allow_redirects=False) as response:
            if not response.ok:
                raise PlatformError(f"http_{response.status}")


def _safe(name: str) -> str:
    """A file's name without folders and what is not to be seen."""
    plain = "".join(char for char in PurePath(name.replace("\\", "/")).name if char.isprintable())
    return plain[-LONGEST_NAME:] or "file.txt"
