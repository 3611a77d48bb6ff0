"""What thinks when no model key is set: the scripted model on loopback, behind the same client as a real one."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from langchain_core.tools import BaseTool
from pydantic import SecretStr

from bot.offline_script import offline_script, offline_tools
from bot.scripted import ScriptedModel
from bot.settings import Settings

NOTICE = "No model key is set, so a scripted offline model answers. Set OPENAI_API_KEY or MODEL for a real one."

SEARCH = timedelta(milliseconds=1800)
"""How long the offline search takes: longer than the pace of edits, so that one sees it search."""


@asynccontextmanager
async def with_model(settings: Settings) -> AsyncGenerator[tuple[Settings, Sequence[BaseTool] | None], None]:
    """Settings with which a model can be asked, and the tools to go with it (None for the bot's own).

    Settings that name a reachable model come back as they are.
    """
    if settings.has_model_key:
        yield settings, None
        return
    async with ScriptedModel.open(offline_script()) as model:
        changes = {"openai_base_url": model.url, "openai_api_key": SecretStr("offline"), "model": "openai:scripted"}
        yield settings.model_copy(update=changes), offline_tools(pause=SEARCH)
