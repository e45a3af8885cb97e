"""`manage.py up` itself, without a cluster: real Redis, real page, real workers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
import redis

from tests.dashboard.waiting import runs, wait_for
from tests.journeys.dashboard import ROOT, Dashboard


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One running `up` with a new state folder and no cluster. The front end is built already, or `up` builds it."""
    folder = tmp_path_factory.mktemp("up")
    nothing = folder / "empty.kubeconfig"
    nothing.touch()
    dashboard = Dashboard(state=folder / "state", port=free_port(), kubeconfig=nothing)
    dashboard.start(seconds=180)
    wait_for(lambda: set(dashboard.children()) == {"redis", "web", "observe", "traffic"}, what="every child has started")
    yield dashboard
    if dashboard.process and dashboard.process.stdout:
        dashboard.stop()
        dashboard.process.stdout.close()


def answers(dashboard: Dashboard) -> bool:
    try:
        return httpx.get(f"{dashboard.url}/livez").status_code == 200
    except httpx.TransportError:
        return False


def test_the_link_opens_a_page_and_the_missing_kubeconfig_is_said(up: Dashboard) -> None:
    assert up.login_link.startswith(f"{up.url}/login/")
    assert httpx.get(up.login_link).status_code == 200
    wait_for(lambda: "kubeconfig" in up.log(), what="a word about the missing kubeconfig")


def test_the_address_in_the_audit_is_not_what_a_client_says_of_itself_t66(up: Dashboard) -> None:
    link = up.link_for(name="vera", role="viewer")
    with httpx.Client(headers={"X-Forwarded-For": "203.0.113.9", "Referer": link}) as browser:
        browser.get(link)
        assert browser.post(link, data={"csrfmiddlewaretoken": browser.cookies["csrftoken"]}).status_code == 302
    with up.rest(token=up.token(name="reader", role="admin")) as rest:
        (entry,) = rest.get("/audit?action=SIGNED_IN&person=vera").json()
    assert entry["asked_from"].keys() == {"address", "session"}
    assert entry["asked_from"]["address"] == "127.0.0.1"


def test_what_it_wrote_is_readable_by_its_owner_only(up: Dashboard) -> None:
    assert up.state.stat().st_mode & 0o777 == 0o700
    assert not [path.name for path in up.state.rglob("*") if path.stat().st_mode & 0o077]


def test_its_redis_wants_the_password_and_forgets_nothing_f32(up: Dashboard) -> None:
    url = json.loads((up.state / "up.json").read_text())["redis_url"]
    with redis.Redis.from_url(url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
    with redis.Redis(port=int(url.rpartition(":")[2].split("/")[0])) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_another_up_on_its_state_or_its_port_is_refused(up: Dashboard) -> None:
    for state, reason in ((up.state, "already runs on"), (up.state.parent / "other", f"port {up.port}")):
        command = [sys.executable, str(ROOT / "manage.py"), "up", "--state", str(state), "--port", str(up.port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert reason in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["web", "redis", "observe", "traffic"])
def test_a_killed_child_is_back_and_the_page_answers(up: Dashboard, name: str) -> None:
    before = up.children()[name]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: up.children()[name] != before, what=f"another {name}")
    wait_for(lambda: answers(up), what="the page answers")
    assert runs(up.children()[name])


def test_ctrl_c_ends_everything(up: Dashboard) -> None:
    children = up.children()
    assert up.stop(signal_number=signal.SIGINT) == 0
    assert not [name for name, pid in children.items() if runs(pid)]
    wait_for(lambda: up.lines[-1] == "Stopped.", what="the last word")
    assert not (up.state / "up.json").exists()
