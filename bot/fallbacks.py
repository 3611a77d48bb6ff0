"""Several models in a row: when one is down, the next is asked."""

from collections.abc import Sequence
from typing import Any

import structlog
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig, RunnableWithFallbacks

from bot.errors import ContentRefused
from bot.model import translate

log = structlog.get_logger()


class ModelChain(RunnableWithFallbacks[Any, Any]):
    """Models by their names, of which the first that is not down answers.

    One that is down has timed out, cannot be reached, refuses the key, knows no such model, has no quota left, or
    breaks off in mid-answer: then the next one's text takes the place of what it has written. A request that is refused
    for what it says is not taken elsewhere.
    """

    names: tuple[str, ...]

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002
        """The answer of the first that gives one. Raises the last one's error when all are down."""
        chain = list(zip(self.names, (self.runnable, *self.fallbacks), strict=True))
        for name, model in chain[:-1]:
            try:
                return await model.ainvoke(input, config, **kwargs)
            except Exception as error:  # each provider has its own; `translate` knows them
                failure = translate(error)
                if isinstance(failure, ContentRefused):
                    raise
                log.warning("model_down", model=name, error=type(failure).__name__)
        return await chain[-1][1].ainvoke(input, config, **kwargs)


def model_chain(models: Sequence[tuple[str, BaseChatModel]]) -> BaseChatModel:
    """The models as one. It is asked as a model is, `bind_tools` included, whatever its type says."""
    if len(models) == 1:
        return models[0][1]
    chain: Any = ModelChain(
        runnable=models[0][1],
        fallbacks=[model for _, model in models[1:]],
        names=tuple(name for name, _ in models),
    )
    return chain
