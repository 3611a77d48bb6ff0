"""The stage's fixtures for whoever runs tests: with pytest-xdist that is not the process which hands them out."""

import asyncio
import gc
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import chain, groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import pytest
import uvloop

from tests.folders import SERVER_FOLDER, server_folder, started_server
from tests.fork_server import fork_server

if TYPE_CHECKING:
    from execnet import XSpec
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

PYTHON = pytest.StashKey[str]()
"""The command that starts a process of the run."""

LONGEST_FIRST = {"page": 0, "stories": 1}
"""The order of the folders whose files take longest."""

# A folder's own conftest may import them before they are made plugins.
pytest.register_assert_rewrite("tests.stage", "tests.sessions", "tests.thrift")


def pytest_configure(config: pytest.Config) -> None:
    """Import the stage, and the whole bot with it, where it is used: it takes seconds."""
    gc.disable()  # what is imported and collected stays
    if not hasattr(config, "workerinput"):
        run = ExitStack()
        config.add_cleanup(run.close)
        folder = run.enter_context(server_folder())
        os.environ[SERVER_FOLDER] = str(folder)
        if config.getoption("numprocesses", default=None):
            config.stash[PYTHON] = run.enter_context(fork_server(folder))
            run.enter_context(started_server(folder))  # while the other one imports
    if not config.getoption("numprocesses", default=None) or hasattr(config, "workerinput"):
        for plugin in ("tests.stage", "tests.sessions", "tests.thrift"):
            config.pluginmanager.import_plugin(plugin)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: "list[XSpec]") -> None:
    """Have the processes of the run forked, not started."""
    for spec in specs:
        spec.python = config.stash.get(PYTHON, spec.python)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadFileScheduling | None":
    """A file's tests run in one process, as they may share a server; all with a browser do, for they share it."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 (where it is there)

    class WithOneBrowser(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "browser" if "in_browser" in nodeid else super()._split_scope(nodeid)

    return WithOneBrowser(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The bot's event loop, for the tests as well."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread files with tests that wait long over the whole run, and begin with those that take longest.

    Where all wait at once, nobody works; and whoever came to a long one last would have everybody wait for it.
    """
    files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
    files.sort(key=lambda tests: LONGEST_FIRST.get(tests[0].path.parent.name, len(LONGEST_FIRST)))
    kinds = [
        [tests for tests in files if any(test.get_closest_marker("slow") for test in tests) == which]
        for which in (True, False)
    ]
    places = [(place / len(kind), tests) for kind in kinds for place, tests in enumerate(kind)]
    items[:] = chain.from_iterable(tests for _, tests in sorted(places, key=itemgetter(0)))


def pytest_collection_finish() -> None:
    """From here on look for garbage, but seldom, and not through everything that was imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    gc.enable()
