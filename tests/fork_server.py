"""A process that the processes of a test run are forked from, so that what they all need is imported once.

For pytest-xdist each of them is a Python that is started with `-c`, and spoken to by its standard streams: here that
is a small program that hands its streams and its code to a fork of the server's, and ends when the fork has ended.
What a test starts as a program of its own can be such a fork as well.
"""

import atexit
import gc
import importlib
import json
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

NEEDED = (
    "bot.__main__",
    "bot.app",
    "bot.slack.local",
    "bot.scripted",
    "hypothesis",
    "docx",
    "mcp.server",
    "playwright.async_api",
)
"""What most processes of a run need, but for what pytest itself is to load."""
SOCKET = "SKEIN_TEST_FORKS"
"""The variable that names the socket of the run's server."""


@contextmanager
def fork_server(folder: Path) -> Generator[str, None, None]:
    """Run one, and give the command that starts a process as its fork, in place of `python`. Its socket is in `folder`.

    It ends with this process. Its forks outlive it, until their own standard input ends.
    """
    path = str(folder / "forks")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        number = listening.fileno()
        command = [sys.executable, "-u", "-m", "tests.fork_server", str(number)]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[number])  # noqa: S603 (no shell)
    os.environ[SOCKET] = path
    with server:
        yield shlex.join([sys.executable, *_asking(path)])


def program(module: str) -> dict[str, Any]:
    """What does as `python -m module` does, as `mcp.json` has a program; where a server runs, in a fork of it."""
    path, arguments = os.environ.get(SOCKET), ["-m", module]
    if path:
        arguments = [*_asking(path), f"import runpy; runpy.run_module({module!r}, run_name='__main__')"]
    return {"command": sys.executable, "args": arguments}


def _asking(path: str) -> list[str]:
    """What Python is to be started with, to ask the server at this path."""
    return ["-I", "-S", __file__, path]


def serve(listening: socket.socket) -> None:
    """Import what is needed, and fork for each that asks for it, until the standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # what is imported stays
    for name in NEEDED:
        with suppress(ImportError):  # an extra that is not installed
            importlib.import_module(name)
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
        asking, _ = listening.accept()
        _, streams, _, _ = socket.recv_fds(asking, 1, 3)
        if os.fork() == 0:
            with asking.makefile() as told:
                be(streams, **json.load(told))
        asking.close()
        for stream in streams:
            os.close(stream)


def be(streams: list[int], code: str, folder: str, environment: dict[str, str]) -> NoReturn:
    """Do with these standard streams what `python -c` does, there and so, and end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["-c"]
    atexit.register(leave)
    exec(code, vars(sys.modules["__main__"]))  # noqa: S102 (as it would be without the server)
    sys.exit()


def leave() -> None:
    """End at once: to take all that was imported apart takes a second, and nobody needs it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def ask(path: str, code: str) -> None:
    """Have the server at this path fork a process with this one's streams for the code, and wait for its end."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(path)
        socket.send_fds(asking, [b"."], [0, 1, 2])
        told: dict[str, Any] = {"code": code, "folder": str(Path.cwd()), "environment": dict(os.environ)}
        asking.sendall(json.dumps(told).encode())
        asking.shutdown(socket.SHUT_WR)
        # The fork holds the other end open, and says nothing.
        asking.recv(1)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [number]:
            serve(socket.socket(fileno=int(number)))
        case [path, *_, code]:
            ask(path, code)
        case _:
            sys.exit(__doc__)
