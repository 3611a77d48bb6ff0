"""Each environment variable of the bot, typed, with its unit and default.

An edge, not a base: the parts below receive plain values. `.env.example` is checked against this file by a test.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.decisions import ASKER, DECIDER
from bot.errors import SettingsError

DEFAULT_MODEL = "openai:gpt-6.1-terra"
"""OpenAI's current model of the middle size (October 2026): quick, writes well, cheap enough for a whole channel."""

DEFAULT_INSTRUCTIONS = """\
You are Skein, a research assistant that people talk to in Slack. Answer in Markdown, briefly and to the point, in the \
language you are asked in. Search the web when you do not know something or when it may have changed, and say where \
you found it. In a conversation of several people each message says who wrote it."""

MODEL = re.compile(r"^[a-z][a-z0-9_]*:\S+$")
"""A model's name: provider:name."""

WEB_URL = ("http", "https")
POSTGRES_URL = ("postgresql", "postgres")


class Settings(BaseSettings):
    """The settings as the environment gives them. Secrets never show in a repr or a log."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    model: Annotated[str, Field(pattern=MODEL.pattern)] = DEFAULT_MODEL
    fallback_models: str = ""
    file_megabytes: Annotated[float, Field(gt=0)] = 20
    file_characters: Annotated[int, Field(ge=1)] = 20_000
    channels_config: Path | None = None
    mcp_config: Path | None = None
    reasoning: Literal["hide", "show"] = "hide"
    memory_tokens: Annotated[int, Field(ge=500)] = 8_000
    checkpoints: Annotated[int, Field(ge=1)] = 50
    judge_model: Annotated[str, Field(pattern=MODEL.pattern)] | None = None
    agent: str | None = None
    approve: str = ""
    approvers: str = ASKER
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    tavily_api_key: SecretStr | None = None
    database_url: SecretStr | None = None
    data_dir: Path = Field(default_factory=lambda: platformdirs.user_data_path("skein"))
    bind_address: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 3000
    concurrency: Annotated[int, Field(ge=1)] = 64
    grace_seconds: Annotated[float, Field(ge=0)] = 25
    streaming: Literal["edit", "native", "auto"] = "edit"
    inbox_days: Annotated[float, Field(gt=0)] = 7
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    instructions: str = DEFAULT_INSTRUCTIONS

    @field_validator("slack_bot_token")
    @classmethod
    def _is_bot_token(cls, value: SecretStr | None) -> SecretStr | None:
        return _starting_with("xoxb-", value)

    @field_validator("slack_app_token")
    @classmethod
    def _is_app_token(cls, value: SecretStr | None) -> SecretStr | None:
        return _starting_with("xapp-", value)

    @field_validator("slack_api_url")
    @classmethod
    def _is_api_url(cls, value: str) -> str:
        # slack_sdk joins method names to it, so that the last slash matters.
        return _url(value, WEB_URL).rstrip("/") + "/"

    @field_validator("openai_base_url")
    @classmethod
    def _is_base_url(cls, value: str | None) -> str | None:
        return None if value is None else _url(value, WEB_URL)

    @field_validator("database_url")
    @classmethod
    def _is_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            from psycopg import ProgrammingError  # noqa: PLC0415  # a quarter of a second, for some commands in vain
            from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

            try:
                conninfo_to_dict(_url(value.get_secret_value(), POSTGRES_URL))
            except ProgrammingError as error:
                raise ValueError("cannot be read") from error
        return value

    @field_validator("data_dir")
    @classmethod
    def _from_home(cls, value: Path) -> Path:
        return value.expanduser()

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("instructions")
    @classmethod
    def _read_file(cls, value: str) -> str:
        if not value.startswith("@"):
            return value
        try:
            return Path(value[1:]).expanduser().read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"its file {value[1:]} cannot be read") from error

    @field_validator("fallback_models")
    @classmethod
    def _are_models(cls, value: str) -> str:
        if not all(map(MODEL.fullmatch, _listed(value))):
            raise ValueError("holds a name without its provider")
        return value

    @field_validator("approvers")
    @classmethod
    def _are_deciders(cls, value: str) -> str:
        if not (_listed(value) and all(map(DECIDER.fullmatch, _listed(value)))):
            raise ValueError("holds what is no user's id")
        return value

    @property
    def models(self) -> list[str]:
        """The models that are asked, one after another when one is down."""
        return [self.model, *_listed(self.fallback_models)]

    @property
    def guarded(self) -> tuple[str, ...]:
        """The names of the tools that ask for leave, or patterns."""
        return _listed(self.approve)

    @property
    def deciders(self) -> tuple[str, ...]:
        """Who may decide: ids of users, or ASKER, or ANYONE."""
        return _listed(self.approvers)

    @property
    def has_model_key(self) -> bool:
        """Whether a model can be asked: only OpenAI's own server is known to need OPENAI_API_KEY.

        A graph of somebody's own may have its own model.
        """
        return (
            bool(self.agent)
            or not self.model.startswith("openai:")
            or bool(self.openai_api_key or self.openai_base_url)
        )


MENDS = {
    "slack_bot_token": "It is the Bot User OAuth Token of your app's page Install App and starts with xoxb-.",
    "slack_app_token": "It is an App-Level Token with connections:write (Basic Information) and starts with xapp-.",
    "slack_signing_secret": "It stands on your app's page Basic Information.",
    "slack_api_url": "It starts with http:// or https://; leave it out for Slack's own.",
    "model": f"It reads provider:name, such as {DEFAULT_MODEL}.",
    "file_megabytes": "It is how large a file may be that is read: a number above 0.",
    "file_characters": "It is how much of a file the model is told: a whole number from 1 up.",
    "channels_config": "It is the path of a file that says what the bot is in single channels.",
    "mcp_config": "It is the path of a file that names MCP servers, as mcp.json does.",
    "fallback_models": "It reads provider:name, provider:name and so on, as MODEL does.",
    "reasoning": "It is hide or show.",
    "memory_tokens": "It is how many tokens of a conversation are remembered word for word: a number from 500 up.",
    "checkpoints": "It is how many states of a conversation are kept: a whole number from 1 up.",
    "judge_model": "It reads provider:name, as MODEL does; leave it out to answer nobody in doubt.",
    "approve": "It is the names of tools that ask before they run, with commas between them; github_* fits several.",
    "approvers": "It is who may decide: asker, anyone, or users' ids as U012ABCDEF, with commas between them.",
    "agent": "It reads package.module:name, path/to/file.py:name or langgraph.json:name.",
    "openai_api_key": "Set the key, or OPENAI_BASE_URL for a compatible server.",
    "openai_base_url": "It starts with http:// or https:// and mostly ends in /v1.",
    "database_url": "It reads postgresql://user:password@host:5432/name; leave it out for the embedded server.",
    "port": "It is a number from 0 to 65535; 0 takes any free port.",
    "concurrency": "It is how many conversations one process answers at once: a whole number from 1 up.",
    "grace_seconds": "It is how many seconds running answers get to end when the bot is stopped.",
    "streaming": "It is edit, native or auto.",
    "inbox_days": "It is how many days answered messages are kept: a number above 0.",
    "log_level": "It is debug, info, warning or error.",
    "instructions": "It is the system prompt itself, or @ and the path of a file that holds it.",
}
"""What to do about a setting that is missing or malformed."""


def load() -> Settings:
    """The settings from the environment. Raises SettingsError that names every malformed one and what to do."""
    try:
        return Settings()
    except ValidationError as error:
        # The values stay out of the text: a mistyped variable may hold a secret.
        wrong = dict.fromkeys(str(detail["loc"][0]) for detail in error.errors(include_input=False))
        raise SettingsError("\n".join(_wrong("malformed", name) for name in wrong)) from None


def missing_for_slack(settings: Settings) -> list[str]:
    """What `bot serve` still needs, a sentence each; empty when nothing is missing."""
    lacks = [] if settings.slack_bot_token else ["slack_bot_token"]
    if not settings.slack_app_token and not settings.slack_signing_secret:
        lacks.append("slack_app_token")
    if not settings.has_model_key and settings.agent is None:  # a graph of somebody's own may have its own model
        lacks.append("openai_api_key")
    sentences = [_wrong("missing", name) for name in lacks]
    if "slack_app_token" in lacks:
        sentences[lacks.index("slack_app_token")] += " For HTTP instead of Socket Mode set SLACK_SIGNING_SECRET."
    return sentences


def require(sentences: Iterable[str]) -> None:
    """Raises SettingsError with these sentences, if there are any."""
    if text := "\n".join(sentences):
        raise SettingsError(text)


def _wrong(how: str, name: str) -> str:
    return f"{name.upper()} is {how}. {MENDS.get(name, '')}".rstrip()


def _listed(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _starting_with(prefix: str, value: SecretStr | None) -> SecretStr | None:
    if value is not None and not value.get_secret_value().startswith(prefix):
        raise ValueError(f"does not start with {prefix}")
    return value


def _url(value: str, schemes: tuple[str, ...]) -> str:
    parts = urlsplit(value)
    if parts.scheme not in schemes or not (parts.netloc or "postgres" in schemes):
        raise ValueError(f"is no {schemes[0]} address")
    return value
