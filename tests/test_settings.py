"""A setting that is missing or malformed names itself and says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Settings, load, missing_for_slack

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "OPENAI_API_KEY": "sk-1",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any of the bot's settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1"),
        ("SLACK_APP_TOKEN", "xoxb-1"),
        ("SLACK_API_URL", "slack.com"),
        ("MODEL", "no-provider"),
        ("OPENAI_BASE_URL", "localhost:8000"),
        ("DATABASE_URL", "mysql://localhost/skein"),
        ("DATABASE_URL", "postgresql://%zz"),
        ("APPROVERS", "grace"),
        ("PORT", "many"),
        ("PORT", "70000"),
        ("CONCURRENCY", "0"),
        ("GRACE_SECONDS", "-1"),
        ("INBOX_DAYS", "0.0"),
        ("LOG_LEVEL", "loud"),
        ("INSTRUCTIONS", "@/no/such/file"),
    ],
)
def test_a_malformed_setting_names_itself(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert str(refused.value).startswith(f"{name} is malformed. It ")
    assert value not in str(refused.value)


def test_everything_that_is_missing_is_named_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SLACK_BOT_TOKEN", "")
    names = [sentence.partition(" ")[0] for sentence in missing_for_slack(load())]
    assert names == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "OPENAI_API_KEY"]


def test_good_settings_lack_nothing(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "prompt").write_text("Speak like a pirate.")
    for name, value in GOOD.items():
        environment.setenv(name, value)
    environment.setenv("INSTRUCTIONS", f"@{tmp_path}/prompt")
    environment.setenv("SLACK_API_URL", "http://127.0.0.1:1/api")
    settings = load()
    assert missing_for_slack(settings) == []
    assert settings.instructions == "Speak like a pirate."
    assert settings.slack_api_url == "http://127.0.0.1:1/api/"
    assert "xoxb-1" not in repr(settings)


def test_serve_without_settings_ends_with_code_2_and_no_traceback(tmp_path: Path) -> None:
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "bot", "serve"]
    done = subprocess.run(command, env=clean, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 2
    assert done.stdout == ""
    assert [line.partition(" is missing. ")[0] for line in done.stderr.splitlines()] == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "OPENAI_API_KEY",
    ]
