"""The stage's fixtures for whoever runs tests: with pytest-xdist that is not the process which hands them out."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Import the stage, and the whole bot with it, where it is used: it takes seconds."""
    if config.getoption("numprocesses", default=None) is None or hasattr(config, "workerinput"):
        config.pluginmanager.import_plugin("tests.stage")
