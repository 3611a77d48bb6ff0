"""The stage's fixtures for whoever runs tests: with pytest-xdist that is not the process which hands them out."""

import asyncio
import atexit
import gc
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import pytest
import uvloop

from tests.folders import SERVER_FOLDER, server_folder

# A folder's own conftest may import them before they are made plugins.
pytest.register_assert_rewrite("tests.stage", "tests.sessions", "tests.thrift")


def pytest_configure(config: pytest.Config) -> None:
    """Import the stage, and the whole bot with it, where it is used: it takes seconds."""
    gc.disable()  # what is imported and collected stays
    if not hasattr(config, "workerinput"):
        folders = ExitStack()
        os.environ[SERVER_FOLDER] = str(folders.enter_context(server_folder()))
        config.add_cleanup(folders.close)
    else:
        # Nobody waits for all that was imported to be taken apart, a second long.
        atexit.register(os._exit, 0)
    if not config.getoption("numprocesses", default=None) or hasattr(config, "workerinput"):
        for plugin in ("tests.stage", "tests.sessions", "tests.thrift"):
            config.pluginmanager.import_plugin(plugin)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The bot's event loop, for the tests as well."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take long: whoever came to one last would have everybody wait for it."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """From here on look for garbage, but not again and again through everything that was imported."""
    gc.collect()
    gc.freeze()
    gc.enable()
