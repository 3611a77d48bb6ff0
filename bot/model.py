"""The chat model: opened by its name, and its errors in the bot's words."""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, cast

from langchain.chat_models import init_chat_model
from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAuthenticationError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)
from langchain_core.language_models import BaseChatModel
from langgraph.errors import GraphRecursionError
from pydantic import SecretStr, ValidationError

from bot.errors import AgentError, ContentRefused, ModelBroken, ModelRefused, ModelTimeout, SettingsError, TooManySteps
from bot.openai_model import DirectAzureModel, DirectModel
from bot.thoughts import OutspokenModel

_REFUSALS: Mapping[type[ModelError], tuple[type[ModelRefused], str]] = MappingProxyType(
    {
        ContextOverflowError: (ContentRefused, "the conversation is longer than the model takes"),
        ModelInvalidRequestError: (ContentRefused, "the request was refused"),
        ModelAuthenticationError: (ModelRefused, "the key was refused"),
        ModelPermissionDeniedError: (ModelRefused, "the key may not use this model"),
        ModelNotFoundError: (ModelRefused, "the model's name is unknown there"),
        ModelRateLimitError: (ModelRefused, "too many requests, or the account's quota is used up"),
    }
)
"""What the model's server means by its no, as LangChain classes it for every provider."""

EXTRAS = {"anthropic": "anthropic", "google_genai": "google", "ollama": "ollama"}
"""The extra of this package that brings what a provider's models need."""

KEYS = {
    "anthropic": (("ANTHROPIC_API_KEY",),),
    "google_genai": (("GOOGLE_API_KEY", "GEMINI_API_KEY"),),
    "azure_openai": (
        ("AZURE_OPENAI_ENDPOINT",),
        ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "OPENAI_API_KEY"),
        ("OPENAI_API_VERSION",),
    ),
}
"""The environment variables that a provider's package reads and cannot do without: one of each group."""

_CONTENT_STATUS = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})
"""What LangChain leaves to us of the answers that mean: not this request."""

_CODE = re.compile(r"[a-z0-9_.-]{1,60}")
"""A vendor's error code is one short word; anything else might quote what somebody wrote."""


def chat_model(
    name: str,
    *,
    openai_api_key: SecretStr | None,
    openai_base_url: str | None,
    request_timeout: timedelta,
    chunk_timeout: timedelta,
    retries: int,
) -> BaseChatModel:
    """The model that `name` (`provider:name`) means. Opens no connection.

    `request_timeout` bounds each read from the model's server, `chunk_timeout` the silence between two pieces of an
    answer (OpenAI's models only). A request that fails before its first byte is sent again, `retries` times.
    Raises SettingsError, which names the setting and what to do about it.
    """
    provider, model = _parse(name)
    keywords: dict[str, Any] = {"timeout": request_timeout.total_seconds(), "max_retries": retries}
    if provider == "openai":
        keywords |= _openai(openai_api_key, openai_base_url, chunk_timeout)
    elif provider == "ollama":
        # What such a model thinks is to come apart from what it says, and its client takes no time limit of its own.
        keywords = {"client_kwargs": {"timeout": request_timeout.total_seconds()}, "reasoning": True}
    for wanted in KEYS.get(provider, ()):
        if not any(map(os.environ.get, wanted)):
            raise SettingsError(f"{wanted[0]} is missing: MODEL={name} needs it")
    try:
        if provider == "openai":
            return (DirectModel if openai_base_url is None else OutspokenModel)(model=model, **keywords)
        if provider == "azure_openai":
            return DirectAzureModel(model=model, **keywords)
        # One name and nothing configurable at run time is always one model; the signature cannot say so.
        return cast("BaseChatModel", init_chat_model(model, model_provider=provider, **keywords))
    except ImportError as error:
        raise SettingsError(f"MODEL={name}: {_install(provider, error)}") from error
    except ValidationError as error:
        # Its own text would quote the values, keys included.
        fields = sorted({str(place) for problem in error.errors() for place in problem["loc"]})
        wanted = ", ".join(fields) or "its key"
        raise SettingsError(f"MODEL={name}: {provider} misses or refuses {wanted}; set what it asks for") from None
    except ValueError as error:
        raise SettingsError(f"MODEL={name}: LangChain knows no provider {provider!r}; openai is one") from error


def _parse(name: str) -> tuple[str, str]:
    provider, colon, model = name.strip().partition(":")
    if not (provider and colon and model):
        raise SettingsError(f"MODEL={name!r} is not of the form provider:name, such as openai:gpt-6.1-terra")
    return provider, model


def _openai(api_key: SecretStr | None, base_url: str | None, chunk_timeout: timedelta) -> dict[str, Any]:
    if api_key is None and base_url is None:
        raise SettingsError("OPENAI_API_KEY is missing: set it, or OPENAI_BASE_URL for a server that needs no key")
    return {
        "api_key": api_key or SecretStr("none"),  # the client refuses to start without one, many local servers ask none
        "base_url": base_url,
        "stream_chunk_timeout": None,
        "longest_silence": chunk_timeout.total_seconds(),
        "stream_usage": True,  # off by default as soon as there is a base URL
        # LangChain takes the Responses API for names it knows as OpenAI's, wherever they are served; other people's
        # servers speak chat completions.
        "use_responses_api": None if base_url is None else False,
    }


def _install(provider: str, error: ImportError) -> str:
    if extra := EXTRAS.get(provider):
        return f"its package is not installed; install it (pip install 'skein[{extra}]') or choose another provider"
    package = re.search(r"pip install ([\w\-\[\]]+)", str(error))
    wanted = package[1] if package else f"LangChain's package for {provider}"
    return f"the package {wanted} is not installed; install it (pip install {wanted}) or choose another provider"


def translate(error: Exception) -> AgentError:
    """Say in the bot's words why the agent could not answer.

    The text is for the administrator and holds no word of a prompt, an answer or a key: only what kind of error it
    was, the HTTP status and the vendor's code. Raise it `from error`, which keeps the rest.
    """
    if isinstance(error, AgentError):
        return error
    if isinstance(error, GraphRecursionError):
        return TooManySteps("the agent reached its limit of steps without an answer")
    if isinstance(error, ModelTimeoutError | TimeoutError) or _is_http_timeout(error):
        return ModelTimeout(f"the model was silent for too long ({_kind(error)})")
    for kind, (refusal, meaning) in _REFUSALS.items():
        if isinstance(error, kind):
            return refusal(f"{meaning} ({_kind(error)})")
    if getattr(error, "status_code", None) in _CONTENT_STATUS:
        return ContentRefused(f"the request was refused ({_kind(error)})")
    return ModelBroken(f"the model's answer broke off, or its server failed ({_kind(error)})")


def _is_http_timeout(error: Exception) -> bool:
    """Whether httpx (or httpx2) says that time ran out, for the providers whose package passes that on as it is."""
    return any(kind.__name__ == "TimeoutException" for kind in type(error).__mro__)


def _kind(error: Exception) -> str:
    """The error's class, status and code: everything of it that cannot quote what people wrote."""
    status, code = getattr(error, "status_code", None), getattr(error, "code", None)
    known = [type(error).__name__]
    known += [str(status)] if isinstance(status, int) else []
    known += [code] if isinstance(code, str) and _CODE.fullmatch(code) else []
    return ", ".join(known)
