"""What `up` says of itself: to whoever started it, and to the commands on its state folder."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from dashboard import installing, starting
from tests.dashboard.test_options import read


def test_what_is_printed_names_the_command_for_a_link_where_none_was_made() -> None:
    usual = installing.ROOT / ".state"
    assert starting.invitation(address="https://view.example", login_path="/login/t", state=usual) == ["Open https://view.example/login/t"]
    where, how = starting.invitation(address="https://view.example", login_path=None, state=usual)
    assert where == "Open https://view.example"
    assert "`python3 manage.py login-link`" in how


def test_the_command_for_a_link_names_the_folder_of_the_up_that_runs() -> None:
    _, how = starting.invitation(address="https://view.example", login_path=None, state=Path("/srv/of view"))
    assert "`python3 manage.py login-link --state '/srv/of view'`" in how


class Prepared:
    """A `prepare` that went well."""

    returncode = 0

    async def communicate(self) -> tuple[bytes, bytes]:
        return b'{"login_path": null, "problem": null, "doubts": [], "refusal": null}\n', b""


@pytest.mark.parametrize("looks_on", [True, False])
async def test_a_link_is_asked_for_only_where_somebody_looks_on(monkeypatch: pytest.MonkeyPatch, looks_on: bool) -> None:
    asked = list[str]()

    async def execute(*line: str, **_: object) -> Prepared:
        asked.extend(line)
        return Prepared()

    monkeypatch.setattr(asyncio, "create_subprocess_exec", execute)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: looks_on))
    await starting.prepare(environment={}, migrate=False)
    assert "prepare" in asked and ("--link" in asked) == looks_on


@pytest.mark.parametrize(("said", "told"), [("https://View.example:443", "https://view.example"), ("", "")])
def test_the_commands_learn_where_people_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, told: str) -> None:
    monkeypatch.setenv("PUBLIC_URL", said)
    assert starting.facts(options=read(tmp_path), redis_url="redis://r")["public_url"] == told
