"""A practice cluster that is stopped, killed or started twice says what is the matter, and is there again as it was."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clusterview.kube import kubeconfigs, practising, reading
from clusterview.kube.connections import Connection
from clusterview.management.commands import practice
from tests.journeys.dashboard import ROOT
from tests.ports import free_port

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`practice up` in a folder of the test's own."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*options: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLUSTERVIEW_", "KUBECONFIG"))}
        line = [sys.executable, "manage.py", "practice", "up", "--story", "empty", "--state", str(tmp_path), *options]
        environment = kept | {"PYTHONUNBUFFERED": "1", "HOME": str(tmp_path)}
        begun.append(subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return begun[-1]

    yield begin
    for one in begun:
        one.kill()
        one.wait()
        if one.stdout is not None:
            one.stdout.close()


def read_kubeconfig(process: subprocess.Popen[str]) -> Path:
    """This will wait until it listens."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("KUBECONFIG="):
            return Path(line.removeprefix("KUBECONFIG=").strip())
    raise AssertionError("it ended before it listened")


def identity(kubeconfig: Path) -> str:
    connection = Connection(kubeconfigs.contexts([str(kubeconfig)])[0])
    try:
        return str(reading.identity(connection).value)
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_that_is_stopped_says_where_it_is_kept(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    process = start()
    read_kubeconfig(process)
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert said == f"The practice cluster has stopped. It is kept in {tmp_path}/practice, and the next start goes on from there.\n"


def test_one_that_was_killed_is_there_again_at_the_same_address_with_the_same_objects(start: Start) -> None:
    process = start()
    kubeconfig = read_kubeconfig(process)
    before = (identity(kubeconfig), kubeconfigs.contexts([str(kubeconfig)])[0].server)
    process.kill()
    process.communicate()
    assert read_kubeconfig(start()) == kubeconfig
    assert (identity(kubeconfig), kubeconfigs.contexts([str(kubeconfig)])[0].server) == before


def test_a_second_one_in_the_same_folder_is_refused_and_the_first_goes_on(start: Start, tmp_path: Path) -> None:
    first = start()
    kubeconfig = read_kubeconfig(first)
    before = kubeconfig.read_text()
    second = start()
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"already runs in {tmp_path}/practice (pid {first.pid}). Stop it, or choose another state folder with --state DIR." in said
    assert "Traceback" not in said and kubeconfig.read_text() == before and identity(kubeconfig)


def test_a_port_that_is_taken_is_named_with_the_remedy(start: Start) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as other:
        port = other.getsockname()[1]
        process = start("--port", str(port))
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "Traceback" not in said
    assert f"cannot listen on 127.0.0.1 port {port}" in said and "--port" in said


def test_one_that_is_stopped_while_it_is_made_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    settings.STATE_DIR = tmp_path
    monkeypatch.setattr(practice, "Campus", interrupted)
    with pytest.raises(CommandError, match="Stopped before it listened"):
        call_command("practice", "up", "--story", "empty")


def test_what_cannot_be_reached_is_told_to_whoever_plays_an_act(start: Start, tmp_path: Path, settings: Any) -> None:
    process = start()
    kubeconfig = read_kubeconfig(process)
    connection = Connection(kubeconfigs.contexts([str(kubeconfig)])[0])
    assert practising.acts(connection)
    connection.close()
    process.kill()
    process.communicate()
    settings.STATE_DIR = tmp_path
    with pytest.raises(CommandError, match="Does the practice cluster run on this state folder"):
        call_command("practice", "do", "reset")
