"""The model is opened by its name, and its errors are told in the bot's words."""

import re
from datetime import timedelta
from typing import Any

import httpx
import openai
import pytest
from langgraph.errors import GraphRecursionError
from pydantic import SecretStr

from bot.errors import AgentError, ModelBroken, ModelRefused, ModelTimeout, SettingsError, TooManySteps
from bot.model import chat_model, translate
from bot.openai_model import DirectModel
from bot.settings import DEFAULT_MODEL

KEY = SecretStr("sk-made-up-and-secret")


def opened(name: str, key: SecretStr | None = KEY, base_url: str | None = None) -> Any:
    return chat_model(
        name,
        openai_api_key=key,
        openai_base_url=base_url,
        request_timeout=timedelta(seconds=7),
        chunk_timeout=timedelta(seconds=3),
        retries=4,
    )


def test_the_default_model_is_opened_with_its_limits() -> None:
    model = opened(DEFAULT_MODEL)
    assert isinstance(model, DirectModel)
    assert model.model_name == DEFAULT_MODEL.removeprefix("openai:")
    assert (model.request_timeout, model.longest_silence, model.max_retries) == (7.0, 3.0, 4)
    assert model.stream_chunk_timeout is None
    assert model.temperature is None
    assert model.stream_usage
    assert (model.profile or {}).get("tool_calling")


def test_another_server_is_spoken_to_by_chat_completions_and_needs_no_key() -> None:
    assert opened("openai:gpt-6.1-terra", None, "http://127.0.0.1:1/v1").use_responses_api is False
    assert opened("openai:gpt-6.1-terra").use_responses_api is None


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("gpt-6.1-terra", KEY, ["MODEL", "provider:name"]),
        ("openai:", KEY, ["MODEL", "provider:name"]),
        (":gpt", KEY, ["MODEL", "provider:name"]),
        ("opnai:gpt-6.1-terra", KEY, ["MODEL", "opnai"]),
        ("mistralai:mistral-large", KEY, ["MODEL", "pip install langchain-mistralai"]),
        (DEFAULT_MODEL, None, ["OPENAI_API_KEY", "OPENAI_BASE_URL"]),
    ],
)
def test_a_wrong_setting_names_itself_and_what_to_do(name: str, key: SecretStr | None, words: list[str]) -> None:
    with pytest.raises(SettingsError) as raised:
        opened(name, key)
    assert all(word in str(raised.value) for word in words)
    assert KEY.get_secret_value() not in str(raised.value)


def test_what_a_provider_refuses_is_named_without_its_value() -> None:
    with pytest.raises(SettingsError, match="max_retries") as raised:
        chat_model(
            DEFAULT_MODEL,
            openai_api_key=KEY,
            openai_base_url=None,
            request_timeout=timedelta(seconds=7),
            chunk_timeout=timedelta(seconds=3),
            retries="many",  # pyright: ignore[reportArgumentType]  # a provider that refuses what the bot passes
        )
    assert "many" not in str(raised.value)
    assert raised.value.__cause__ is None


REQUEST = httpx.Request("POST", "http://127.0.0.1/v1")


class Mute(openai.APIError):
    """As openai raises it for an error that comes in mid-stream."""

    def __init__(self) -> None:
        Exception.__init__(self, "You wrote: tea")
        self.code = "You wrote: tea"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError("tea"), ModelTimeout),
        (httpx.ReadTimeout("tea"), ModelTimeout),
        (httpx.RemoteProtocolError("tea"), ModelBroken),
        (Mute(), ModelBroken),
        (ValueError("tea"), ModelBroken),
        (GraphRecursionError("tea"), TooManySteps),
    ],
    ids=["timeout", "read timeout", "protocol", "in mid-stream", "anything", "circles"],
)
def test_errors_are_told_without_quoting_anybody(error: Exception, kind: type[AgentError]) -> None:
    told = translate(error)
    assert type(told) is kind
    assert not re.search(r"\btea\b", str(told))


def test_an_error_in_the_bots_words_stays_as_it_is() -> None:
    refused = ModelRefused("no")
    assert translate(refused) is refused
