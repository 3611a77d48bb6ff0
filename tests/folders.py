"""Folders for servers' data."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

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
