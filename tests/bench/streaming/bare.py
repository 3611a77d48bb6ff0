"""The model's client alone: streams the answers that its arguments name, and does nothing with them. A process."""

import asyncio
import sys
from collections.abc import Sequence

from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI


async def _stream(model: ChatOpenAI, number: str) -> int:
    length = 0
    async for chunk in model.astream([HumanMessage(f"answer {number}")]):
        length += len(chunk.text)
    return length


async def main(numbers: Sequence[str]) -> None:
    """Once to warm up, then, when told, all of them at once."""
    model = ChatOpenAI(model="scripted", stream_usage=True)
    await _stream(model, numbers[0])
    print("listening", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(*(_stream(model, number) for number in numbers[1:]))
    print("done", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
