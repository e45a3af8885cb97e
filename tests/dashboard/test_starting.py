"""What `up` says of itself: to whoever started it, and to the commands on its state folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard import starting
from tests.dashboard.test_options import read


def test_what_is_printed_names_the_command_for_a_link_where_none_was_made() -> None:
    assert starting.invitation(address="https://view.example", login_path="/login/t") == ["Open https://view.example/login/t"]
    where, how = starting.invitation(address="https://view.example", login_path=None)
    assert where == "Open https://view.example"
    assert "`python3 manage.py login-link`" in how


@pytest.mark.parametrize(("said", "told"), [("https://View.example:443", "https://view.example"), ("", "")])
def test_the_commands_learn_where_people_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, told: str) -> None:
    monkeypatch.setenv("PUBLIC_URL", said)
    assert starting.facts(options=read(tmp_path), redis_url="redis://r")["public_url"] == told
