"""A process that the processes of a test run are forked from, so that what they all need is imported once.

For pytest-xdist each of them is a Python that is started with `-c`, and spoken to by its standard streams: here that
is a small program that hands its streams and its code to a fork of the server's, and ends when the fork has ended.
"""

import gc
import importlib
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

NEEDED = ("bot.__main__", "bot.app", "bot.slack.local", "bot.scripted")
"""What most tests need, but for what pytest itself is to load."""
LONGEST = 4096
"""Bytes of the code that a process is started with."""


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
    with server:
        yield shlex.join([sys.executable, "-I", "-S", __file__, path])


def serve(listening: socket.socket) -> None:
    """Import what is needed, and fork for each that asks for it, until the standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # what is imported stays
    for name in NEEDED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
        asking, _ = listening.accept()
        code, streams, _, _ = socket.recv_fds(asking, LONGEST, 3)
        if os.fork() == 0:
            be(code.decode(), streams)
        asking.close()
        for stream in streams:
            os.close(stream)


def be(code: str, streams: list[int]) -> NoReturn:
    """Do with these standard streams what `python -c` does, and end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.argv = ["-c"]
    exec(code, vars(sys.modules["__main__"]))  # noqa: S102 (as it would be without the server)
    sys.exit()


def ask(path: str, code: str) -> None:
    """Have the server at this path fork a process with this one's streams for the code, and wait for its end."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(path)
        socket.send_fds(asking, [code.encode()], [0, 1, 2])
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
