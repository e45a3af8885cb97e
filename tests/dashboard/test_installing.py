"""What is made once, what is made again after a change, and what is said when it cannot be made."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from dashboard import installing
from dashboard.refusals import Refused, remedy


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with lock files and a front end, in which nothing has been made."""
    for name in ("requirements.lock", "requirements-dev.lock", "static/package.json", "static/package-lock.json", "static/src/live.tsx"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    for name, path in {"ROOT": "", "ENVIRONMENT": ".venv", "PYTHON": ".venv/bin/python", "STATIC": "static"}.items():
        monkeypatch.setattr(installing, name, tmp_path / path)
    monkeypatch.setattr(shutil, "which", lambda _program: None)
    return tmp_path


@pytest.fixture
def calls(clone: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs that were run, by what they were for; each leaves behind what the real one makes."""
    made = {
        "Making .venv": clone / ".venv/bin/python",
        "Installing the front end's packages": clone / "static/node_modules/package",
        "Building the front end": clone / "static/dist/.vite/manifest.json",
    }
    calls: list[str] = []

    def call(*, line: list[str], what: str, cwd: Path = clone) -> None:
        calls.append(what)
        if path := made.get(what):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    monkeypatch.setattr(installing, "call", call)
    return calls


def test_a_second_start_installs_nothing(calls: list[str]) -> None:
    installing.prepare_environment(development=False)
    assert calls == ["Making .venv", "Installing pip", "Installing the Python packages"]
    installing.prepare_environment(development=False)
    assert len(calls) == 3


def test_a_changed_lock_is_installed(clone: Path, calls: list[str]) -> None:
    installing.prepare_environment(development=False)
    (clone / "requirements.lock").write_text("changed")
    installing.prepare_environment(development=False)
    assert calls[3:] == ["Installing pip", "Installing the Python packages"]


def test_an_environment_for_tests_is_enough_for_everything_and_not_the_other_way_round(calls: list[str]) -> None:
    installing.prepare_environment(development=False)
    installing.prepare_environment(development=True)
    assert calls.count("Installing the Python packages") == 2
    installing.prepare_environment(development=False)
    assert calls.count("Installing the Python packages") == 2


def test_an_installation_that_broke_off_is_not_taken_for_done(clone: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = installing.install

    def break_off(*, lock: Path) -> None:
        raise Refused("no network")

    monkeypatch.setattr(installing, "install", break_off)
    with pytest.raises(Refused):
        installing.prepare_environment(development=False)
    monkeypatch.setattr(installing, "install", whole)
    installing.prepare_environment(development=False)
    assert calls == ["Making .venv", "Installing pip", "Installing the Python packages"]


def test_a_python_without_ensurepip_is_told_what_to_install(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(Refused, match=r"no ensurepip.*apt install python3-venv"):
        installing.prepare_environment(development=False)


def test_packages_are_installed_with_their_hashes_only(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[list[str]] = []
    monkeypatch.setattr(installing, "call", lambda line, **_: lines.append(line))
    for uv in (None, "/somewhere/uv"):
        monkeypatch.setattr(shutil, "which", lambda _program, uv=uv: uv)
        installing.install(lock=clone / "requirements.lock")
    installs = [line for line in lines if "install" in line]
    assert [line[0] for line in installs] == [str(clone / ".venv/bin/python"), "/somewhere/uv"]
    assert all("--require-hashes" in line for line in installs)


def test_the_front_end_is_built_when_a_source_changed(clone: Path, calls: list[str]) -> None:
    installing.build_front_end()
    installing.build_front_end()
    assert calls == ["Installing the front end's packages", "Building the front end"]
    (clone / "static/src/live.tsx").write_text("changed")
    installing.build_front_end()
    assert calls[2:] == ["Building the front end"]


def test_a_failing_build_ends_the_start_when_there_is_no_older_one(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "node", lambda *_: [sys.executable, "-c", "import sys; sys.exit('npm error code ECONNREFUSED')"])
    with pytest.raises(Refused, match=r"registry could not be reached: check the network[^$]*npm error code ECONNREFUSED"):
        installing.build_front_end()


def test_a_failing_build_serves_the_older_one_and_says_so(
    clone: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installing.build_front_end()
    monkeypatch.undo()
    for name, path in {"ROOT": "", "PYTHON": ".venv/bin/python", "STATIC": "static"}.items():
        monkeypatch.setattr(installing, name, clone / path)
    monkeypatch.setattr(installing, "node", lambda *_: [sys.executable, "-c", "import sys; sys.exit('src/live.tsx(1,7): error TS2322')"])
    (clone / "static/src/live.tsx").write_text("broken")
    installing.build_front_end()
    said = capsys.readouterr().err
    assert "Building the front end failed. Its last words:\n  src/live.tsx(1,7): error TS2322" in said
    assert "The page is served from the older build." in said


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("npm error code ENOSPC", "disk is full"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one that the lock file names"),
        ("npm error code EINTEGRITY", "not the one that the lock file names"),
        ("WARNING: Retrying ... NewConnectionError: [Errno 111] Connection refused", "registry could not be reached"),
        ("ERROR: No matching distribution found for celery==5.7.0", "registry could not be reached"),
        ("npm error code EAI_AGAIN", "registry could not be reached"),
        ("error: Failed to fetch: client error (Connect): dns error", "registry could not be reached"),
        ("error TS2322: Type 'number' is not assignable to type 'string'", ""),
    ],
)
def test_the_usual_reasons_have_a_sentence(output: str, words: str) -> None:
    assert words in remedy(output=output)
    assert bool(remedy(output=output)) is bool(words)
