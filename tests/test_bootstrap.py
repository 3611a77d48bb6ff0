"""The script that finds or installs uv: what it takes, and what it refuses."""

import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci" / "bootstrap.py"


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def put_uv(folder: Path, version: str) -> None:
    """A uv that tells its version, and else what it was asked and told by the environment."""
    uv = folder / "uv"
    uv.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "uv {version} (x86_64)" && exit\n'
        'echo "$@ $UV_PYTHON $UV_PROJECT_ENVIRONMENT ${VIRTUAL_ENV:-none}"\n'
    )
    uv.chmod(0o755)


def test_the_uv_on_path_is_taken_with_this_python_and_the_projects_environment(tmp_path: Path) -> None:
    put_uv(tmp_path, "99.0.1")
    environment = {"PATH": f"{tmp_path}:{os.defpath}", "VIRTUAL_ENV": "elsewhere"}
    call = [sys.executable, SCRIPT, "lock", "--check"]
    said = subprocess.run(call, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 (no shell)
    command, python, project, virtual = said.stdout.rsplit(maxsplit=3)
    assert command == "lock --check"
    assert Path(python).samefile(sys.executable)
    assert (project, virtual) == (".venv", "none")


@pytest.mark.parametrize("version", ["0.4.30", "0.10.12"])
def test_a_uv_that_is_too_old_is_passed_over(
    version: str, bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_uv(tmp_path, version)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bootstrap.uv_on_path() is None


def test_a_uv_that_does_not_run_is_passed_over(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uv").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bootstrap.uv_on_path() is None


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 15)])
def test_a_python_that_does_not_fit_is_told_what_to_do(
    version: tuple[int, int], bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match=r"runs on Python 3\.11 to 3\.14; .*brew install .*make PYTHON=python3\.14"):
        bootstrap.refuse_unfit_python(version)


def test_a_python_that_would_fit_is_pointed_out(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python3.12").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=r"python3\.12 is here: say `make PYTHON=python3\.12"):
        bootstrap.refuse_unfit_python((3, 9))


@pytest.mark.parametrize("version", [(3, 11), (3, 14)])
def test_a_python_that_fits_passes(version: tuple[int, int], bootstrap: ModuleType) -> None:
    bootstrap.refuse_unfit_python(version)


def test_another_file_in_the_place_of_pip_is_refused(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(b"not pip"))  # pyright: ignore[reportUnknownArgumentType, reportUnknownLambdaType]
    with pytest.raises(SystemExit, match=r"is not what it was: its SHA-256 is .* Nothing of it was run"):
        bootstrap.download_pip()
