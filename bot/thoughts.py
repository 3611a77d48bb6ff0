"""Models that write what they think before their answer, as `<think>…</think>` in its text.

Source: DeepSeek R1, Qwen 3 and their like, under servers whose reasoning parser is off. OpenAI's own never do.
"""

from collections.abc import AsyncIterator
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from bot.openai_model import DirectModel

OPEN, CLOSE = "<think>", "</think>"

REASONING = "reasoning_content"
"""The key in a message's `additional_kwargs` by which LangChain knows what a model thought."""


class Thoughts:
    """Takes an answer's text as it comes, and tells what of it was thought and what is said.

    Only what the answer begins with is a thought: later on the same words are said about such a model.
    """

    def __init__(self) -> None:
        self._held = ""
        self._ending: str | None = OPEN
        """The tag that would change what follows: first the one that opens, then the one that closes, then none."""

    def split(self, text: str) -> tuple[str, str]:
        """What this piece adds to the thoughts, and to what is said. What may become a tag is held back."""
        text, self._held = self._held + text, ""
        thought = ""
        if self._ending == OPEN:
            begun = text.lstrip()
            if len(begun) < len(OPEN) and OPEN.startswith(begun):
                self._held = text
                return "", ""
            self._ending = CLOSE if begun.startswith(OPEN) else None
            text = begun.removeprefix(OPEN) if self._ending else text
        if self._ending == CLOSE:
            thought, closed, text = text.partition(CLOSE)
            if not closed:
                kept = _begun(thought)
                self._held = thought[len(thought) - kept :]
                return thought[: len(thought) - kept], ""
            self._ending = ""
        if self._ending == "":  # the answer itself begins with its first word
            text = text.lstrip()
            self._ending = None if text else ""
        return thought, text

    def rest(self) -> str:
        """What was held back, once nothing more comes: said, unless it was in the middle of a thought."""
        return self._held if self._ending == OPEN else ""


class OutspokenModel(DirectModel):
    """A model of an OpenAI-compatible server, whose thoughts come apart from its answer."""

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        thoughts = Thoughts()
        async for chunk in super()._astream(*args, **kwargs):
            content = chunk.message.content
            if isinstance(content, str):
                thought, said = thoughts.split(content)
                if (chunk.generation_info or {}).get("finish_reason"):
                    said += thoughts.rest()
                _put(chunk.message, thought, said)
                chunk.text = said
            yield chunk

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        result = await super()._agenerate(*args, **kwargs)
        for generation in result.generations:
            if isinstance(generation.message.content, str):
                thoughts = Thoughts()
                thought, said = thoughts.split(generation.message.content)
                _put(generation.message, thought, said + thoughts.rest())
                generation.text = generation.message.content
        return result


def _put(message: Any, thought: str, said: str) -> None:
    message.content = said
    if thought and isinstance(message, AIMessage):
        message.additional_kwargs[REASONING] = thought


def _begun(text: str) -> int:
    """How many of the last characters may be the beginning of the closing tag."""
    return next((size for size in range(len(CLOSE) - 1, 0, -1) if text.endswith(CLOSE[:size])), 0)
