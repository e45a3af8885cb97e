"""One command line: what it refuses in one sentence, where its state lies, and who can read that."""

from __future__ import annotations

import ast
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard import bootstrap, installing, starting
from dashboard.refusals import Refused
from tests.ports import free_port

MANAGE = installing.ROOT / "manage.py"
AN_OLD_PYTHON = """
import runpy, sys
sys.version_info, sys.version = (3, 9, 2), "3.9.2 (default)"
runpy.run_path({path!r}, run_name="__main__")
"""

IN_THIS_ENVIRONMENT = """
from dashboard import bootstrap, installing
installing.prepare_environment, installing.compile_catalogs = lambda **_: None, lambda: None
raise SystemExit(bootstrap.main(arguments=[*{words!r}, "--state", {state!r}]))
"""


@pytest.fixture(autouse=True)
def keep_the_process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERVIEW_STATE", os.environ["CLUSTERVIEW_STATE"])
    monkeypatch.setattr(os, "umask", lambda _mask: 0)


def test_an_old_python_is_told_which_one_is_needed() -> None:
    done = subprocess.run([sys.executable, "-c", AN_OLD_PYTHON.format(path=str(MANAGE))], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Clusterview needs Python 3.11 or newer; this is 3.9.2.")


def test_an_old_python_can_read_the_file_that_tells_it() -> None:
    ast.parse(MANAGE.read_text(), feature_version=(3, 4))


def test_what_python_compiles_is_kept_whatever_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    seen: list[tuple[str | None, bool]] = []
    monkeypatch.setattr(
        installing, "prepare_environment", lambda **_: seen.append((os.environ.get("PYTHONDONTWRITEBYTECODE"), sys.dont_write_bytecode))
    )
    monkeypatch.setattr(bootstrap, "run_django", lambda **_: 0)
    assert bootstrap.main(arguments=["migrate", "--state", str(tmp_path)]) == 0
    assert seen == [(None, False)]


def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def write_to_a_full_disk(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/full/disk/.venv")

    monkeypatch.setattr(installing, "prepare_environment", write_to_a_full_disk)
    assert bootstrap.main(arguments=["migrate", "--state", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "The disk is full while writing /full/disk/.venv: make room and try again.\n"


def test_a_refusal_is_the_whole_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(**_: object) -> None:
        raise Refused("Not today. Try tomorrow.")

    monkeypatch.setattr(installing, "prepare_environment", refuse)
    assert bootstrap.main(arguments=["migrate", "--state", str(tmp_path)]) == 1
    assert capsys.readouterr() == ("", "Not today. Try tomorrow.\n")


def test_up_refuses_before_it_makes_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(installing, "prepare_environment", lambda **_: pytest.fail("the environment was made first"))
    monkeypatch.setenv("PUBLIC_URL", "")
    assert bootstrap.main(arguments=["up", "--host", "0.0.0.0", "--state", str(tmp_path)]) == 1
    assert "PUBLIC_URL" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["PUBLIC_URL", "CLUSTERVIEW_FOLLOW_SECONDS", "CLUSTERVIEW_LOG_LEVEL"])
def test_a_setting_that_cannot_be_is_refused_in_one_sentence_by_every_command(name: str, tmp_path: Path) -> None:
    done = in_this_environment("check", state=tmp_path, environment={name: "nonsense"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{name} is 'nonsense'") and done.stderr.count("\n") == 1


NEEDING_A_DATABASE = [["audit", "verify"], ["arm", "lab"], ["user", "list"], ["token", "list"], ["login-link"]]


@pytest.mark.parametrize("words", NEEDING_A_DATABASE)
@pytest.mark.parametrize("there", [False, True])
def test_a_state_folder_without_a_database_is_said_and_nothing_is_made(
    words: list[str], there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installing, "prepare_environment", lambda **_: pytest.fail("the environment was made first"))
    folder = tmp_path / "statr"
    if there:
        folder.mkdir()
        folder.chmod(0o755)  # whatever the umask is by now
        (folder / "notes").write_text("of somebody")
    assert bootstrap.main(arguments=[*words, "--state", str(folder)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{folder} holds no database of Clusterview") and said.count("\n") == 1
    assert "--state" in said and "DATABASE_URL" in said, "an `up` may have been told either"
    assert [one.name for one in tmp_path.rglob("*")] == (["statr", "notes"] if there else [])
    assert not there or folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("words", NEEDING_A_DATABASE)
def test_a_database_without_tables_is_said_in_one_sentence(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "clusterview.sqlite3").touch()
    done = in_this_environment(*words, state=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The database is not as this version needs it (no such table") and done.stderr.count("\n") == 1


def test_a_database_that_does_not_answer_is_said_in_one_sentence(tmp_path: Path) -> None:
    done = in_this_environment("user", "list", state=tmp_path, environment={"DATABASE_URL": f"postgresql://somebody@127.0.0.1:{free_port()}/none"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The database does not answer") and "Traceback" not in done.stderr


def test_what_a_command_takes_is_told_where_there_is_no_database(tmp_path: Path) -> None:
    done = in_this_environment("token", "--help", state=tmp_path)
    assert (done.returncode, "revoke" in done.stdout) == (0, True)


def in_this_environment(*words: str, state: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """One command line in a process of its own, without making the environment first."""
    line = [sys.executable, "-c", IN_THIS_ENVIRONMENT.format(words=words, state=str(state))]
    return subprocess.run(line, cwd=installing.ROOT, env=os.environ | (environment or {}), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [["--state", "{}", "x"], ["x", "--state={}"], ["x", "--state", "{}"]])
def test_the_state_folder_is_understood_everywhere_in_the_line(words: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert bootstrap.take_state(arguments=[word.format(folder) for word in words]) == (["x"], folder)


def test_the_state_folder_comes_from_the_environment_when_it_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERVIEW_STATE", "/somewhere/else")
    assert bootstrap.take_state(arguments=[]) == ([], Path("/somewhere/else"))
    monkeypatch.delenv("CLUSTERVIEW_STATE")
    assert bootstrap.take_state(arguments=[]) == ([], installing.ROOT / ".state")
    with pytest.raises(Refused, match="--state needs"):
        bootstrap.take_state(arguments=["--state"])


def test_the_state_folder_is_nobody_elses_even_when_it_was_open_before(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(0o755)
    bootstrap.make_state(folder=folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_holds_something_or_is_somebody_elses_keeps_its_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, foreign = tmp_path / "shared", tmp_path / "foreign"
    for folder in (shared, foreign):
        folder.mkdir()
        folder.chmod(0o775)
    (shared / "of-somebody-else").touch()
    bootstrap.make_state(folder=shared)
    owner = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: owner)
    bootstrap.make_state(folder=foreign)
    assert [folder.stat().st_mode & 0o777 for folder in (shared, foreign)] == [0o775, 0o775]


def test_up_says_where_its_folder_is_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("prepare_environment", "compile_catalogs", "build_front_end"):
        monkeypatch.setattr(installing, name, lambda **_: None)
    monkeypatch.setattr(bootstrap, "inside", lambda: True)
    monkeypatch.setattr(starting, "main", lambda **_: 0)
    (tmp_path / "of-somebody-else").touch()
    for mode, is_said in ((0o755, True), (0o700, False)):
        tmp_path.chmod(mode)
        assert bootstrap.main(arguments=["up", "--state", str(tmp_path), "--port", str(free_port())]) == 0
        assert (f"chmod 700 {tmp_path}" in capsys.readouterr().err) is is_said


def test_the_secret_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    bootstrap.keep_secret_key(state=tmp_path)
    first = (tmp_path / "secret-key").read_text()
    bootstrap.keep_secret_key(state=tmp_path)
    assert (tmp_path / "secret-key").read_text() == first
    assert len(first) >= 64
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def test_without_a_command_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(arguments=[]) == 0
    assert {"up", "test", "lab", "doctor"} <= set(capsys.readouterr().out.split())
