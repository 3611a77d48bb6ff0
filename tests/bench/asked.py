"""What it costs the processor to ask OpenAI's models, beside LangChain's own class."""

import time
from collections.abc import Sequence
from statistics import median

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_openai import ChatOpenAI

from bot.offline_script import offline_tools
from bot.openai_model import DirectModel
from tests.agent.refusals import APIS, ask, model_of, refusing
from tests.bench.figures import Row

TURNS = 30
TIMES = 30


async def rows() -> Sequence[Row]:
    """A request of thirty turns of 500 bytes each, by either API; asked by turns, the medians."""
    said, answer = HumanMessage("word " * 50), AIMessage("word " * 50)
    messages: list[AnyMessage] = [said, answer] * TURNS
    found: list[Row] = []
    async with refusing() as (url, _):
        for api in APIS:
            models = {kind: model_of(url, kind, api).bind_tools(offline_tools()) for kind in (DirectModel, ChatOpenAI)}
            cost: dict[type[ChatOpenAI], list[float]] = {kind: [] for kind in models}
            for _ in range(TIMES):
                for kind, model in models.items():
                    begin = time.process_time()
                    await ask(model, messages)
                    cost[kind].append((time.process_time() - begin) * 1e3)
            own, plain = median(cost[DirectModel]), median(cost[ChatOpenAI])
            found.append(Row(f"a request of {len(messages)} messages, {api}, processor", "ms", own, rival=plain))
    return found
