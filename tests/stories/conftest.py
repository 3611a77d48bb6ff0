"""Fixtures that several stories share."""

from datetime import timedelta

import pytest

from tests.stories.speech import SOON


@pytest.fixture
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times that a test can wait for."""
    monkeypatch.setattr("bot.slack.client.FIRST_PAUSE", SOON)
    monkeypatch.setattr("bot.slack.client.TIMEOUT", timedelta(milliseconds=500))
    monkeypatch.setattr("bot.health.MEMORY", timedelta(0))
    monkeypatch.setattr("bot.database.CONNECTION_TIMEOUT", timedelta(milliseconds=500))
    monkeypatch.setattr("bot.database.PING_TIMEOUT", SOON)
