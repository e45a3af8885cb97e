"""Credentials: where they come from, when they are fetched anew, and that a plugin can do no harm by failing."""

from __future__ import annotations

import base64
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clusterview.kube import kubeconfigs, plugins
from clusterview.kube.connections import Connection
from clusterview.kube.credentials import FAILURE_SECONDS, TOKEN_FILE_SECONDS, Credential, Credentials
from clusterview.kube.errors import BadKubeconfig, PluginFailed, Unauthorized
from clusterview.kube.kubeconfigs import ClusterAccess
from tests.kube.scripted import playing, say

SOON = 10.0
VERSION = "client.authentication.k8s.io/v1"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def credentials(clock: Clock | None = None, timeout: float = 10.0, cluster: dict[str, Any] | None = None, **user: Any) -> Credentials:
    access = ClusterAccess(id="t", name="t", server="https://t", namespace="", source="t", cluster=cluster or {}, user=user)
    clock = clock or Clock()
    return Credentials(access, plugin_timeout_seconds=timeout, wall_clock=clock, monotonic=clock)


def script(folder: Path, text: str, **more: Any) -> dict[str, Any]:
    file = folder / "login"
    file.write_text(f"#!/bin/sh\necho run >> {folder}/runs\n{text}\n")
    file.chmod(0o700)
    return {"command": str(file), "apiVersion": VERSION, **more}


def printing(folder: Path, status: dict[str, Any], version: str = VERSION, **more: Any) -> dict[str, Any]:
    (folder / "said.json").write_text(json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}))
    return script(folder, f"cat {folder}/said.json", **more)


def runs(folder: Path) -> int:
    return (folder / "runs").read_text().count("run")


def written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("user", [{"token": "t"}, {"tokenFile": "/nowhere"}, {"username": "u"}, {"exec": {"command": "/nowhere/login"}}])
def test_no_credential_is_sent_unencrypted_beyond_this_machine_t33(user: dict[str, Any]) -> None:
    access = ClusterAccess(id="t", name="t", server="http://10.0.0.1:8080", namespace="", source="t", user=user)
    with pytest.raises(BadKubeconfig, match=r"sent unencrypted\. Use https://"):
        Credentials(access).current()


def test_a_proxy_on_this_machine_and_a_server_that_wants_no_credential_are_asked_without_encryption() -> None:
    here = ClusterAccess(id="t", name="t", server="http://127.0.0.1:8001", namespace="", source="t", user={"token": "t"})
    assert Credentials(here).current().headers
    assert Credentials(replace(here, server="http://10.0.0.1:8080", user={})).current().headers == ()


def test_a_token_basic_and_impersonation_become_headers() -> None:
    assert credentials(token="t").current().headers == (("Authorization", "Bearer t"),)
    assert credentials(username="u", password="p").current().headers == (("Authorization", "Basic dTpw"),)
    narrowed = credentials(**{"token": "t", "as": "jane", "as-groups": ["a", "b"], "as-user-extra": {"why": ["x"]}}).current().headers
    assert narrowed[1:] == (("Impersonate-User", "jane"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b"), ("Impersonate-Extra-why", "x"))


def test_a_token_file_is_read_again_when_its_minute_is_over_f14(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "token"
    file.write_text("one\n")
    kept = credentials(clock, tokenFile=str(file))
    kept.current()
    file.write_text("two\n")
    assert kept.current().headers[0][1] == "Bearer one"
    clock.now += TOKEN_FILE_SECONDS
    assert kept.current().headers[0][1] == "Bearer two"


def kubeconfig(file: Path, *, server: str = "https://t", cluster: dict[str, Any] | None = None, **user: Any) -> ClusterAccess:
    contexts = [{"name": "t", "context": {"cluster": "t", "user": "t"}}]
    clusters = [{"name": "t", "cluster": {"server": server, **(cluster or {})}}]
    written = {"current-context": "t", "contexts": contexts, "clusters": clusters, "users": [{"name": "t", "user": user}]}
    file.with_suffix(".new").write_text(json.dumps(written))
    file.with_suffix(".new").replace(file)
    return kubeconfigs.contexts([str(file)])[0]


def test_a_token_that_was_replaced_in_the_kubeconfig_is_used_without_a_restart_f14(tmp_path: Path) -> None:
    with playing(say(401), say(401), say(200, {"a": 1})) as server:
        connection = Connection(kubeconfig(tmp_path / "config", server=server.url, token="old"))
        with pytest.raises(Unauthorized):
            connection.request("GET", "/a")
        assert not connection.credentials.reread()
        (tmp_path / "config").write_text("{ half of it")
        assert not connection.credentials.reread(), "it is being written"
        kubeconfig(tmp_path / "config", server=server.url, token="new")
        assert connection.request("GET", "/a").status == 200
        assert [asked.headers["Authorization"] for asked in server.asked] == ["Bearer old", "Bearer old", "Bearer new"]


def test_a_credential_is_sent_to_no_other_server_than_its_own_t37(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kubeconfig is written, and read again by somebody else, between the moment when the credential is taken and that when it is sent."""
    with playing(say(200, {})) as old, playing(say(200, {}), say(200, {})) as new:
        kept = Connection(kubeconfig(tmp_path / "config", server=old.url, token="old"))
        take = kept.credentials.current

        def take_and_be_overtaken() -> Credential:
            taken = take()
            kubeconfig(tmp_path / "config", server=new.url, token="new")
            kept.credentials.reread()
            return taken

        monkeypatch.setattr(kept.credentials, "current", take_and_be_overtaken)
        for _ in range(2):
            kept.request("GET", "/a")
        assert [asked.headers["Authorization"] for asked in old.asked] == ["Bearer old"]
        assert [asked.headers["Authorization"] for asked in new.asked] == ["Bearer new"]


def test_a_plugin_whose_credential_is_refused_again_and_again_runs_each_half_minute_f13(tmp_path: Path) -> None:
    clock = Clock()
    kept = credentials(clock, exec=printing(tmp_path, {"token": "t-1"}))
    for _ in range(60):
        kept.refused(kept.current())
        clock.now += 1.0
    assert runs(tmp_path) == 3


def test_client_certificates_come_from_data_or_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"KEY")
    pair = {"client-certificate-data": base64.b64encode(b"CERT").decode(), "client-key": str(tmp_path / "key")}
    assert credentials(**pair).current().certificate == (b"CERT", b"KEY")
    with pytest.raises(BadKubeconfig, match="both"):
        credentials(**{"client-key": str(tmp_path / "key")}).current()
    with pytest.raises(BadKubeconfig, match="not base64"):
        credentials(**{"client-key-data": "%%%"}).current()
    with pytest.raises(BadKubeconfig, match="cannot be read"):
        credentials(**{"client-key": "/nowhere"}).current()


@pytest.mark.parametrize("token", ["a\nb", "ü", "a\r\nX-Evil: 1"])
def test_a_token_that_would_break_a_header_is_refused(token: str) -> None:
    with pytest.raises(BadKubeconfig, match="cannot be sent"):
        credentials(token=token).current()


def test_a_dropped_kind_of_credential_is_named() -> None:
    with pytest.raises(BadKubeconfig, match="auth-provider"):
        credentials(**{"auth-provider": {"name": "gcp"}}).current()


def test_a_plugin_runs_once_until_its_credential_ends(tmp_path: Path) -> None:
    clock = Clock()
    kept = credentials(clock, exec=printing(tmp_path, {"token": "t-1", "expirationTimestamp": written(clock.now + 3600)}))
    assert {kept.current().headers[0][1] for _ in range(5)} == {"Bearer t-1"} and runs(tmp_path) == 1
    clock.now += 3595
    kept.current()
    assert runs(tmp_path) == 2


class HeldPlugin:
    """A plugin that has to be let go; `fails` where it gives nothing then."""

    def __init__(self, *, expires_at: float, fails: bool = False) -> None:
        self.begins, self.may_go, self.runs = threading.Event(), threading.Event(), 0
        self._expires_at, self._fails = expires_at, fails

    def __call__(self, **_: Any) -> dict[str, Any]:
        self.runs += 1
        self.begins.set()
        assert self.may_go.wait(SOON), "whoever asked waits for it"
        if self._fails:
            raise PluginFailed("It cannot be reached.")
        return {"token": "t-2", "expirationTimestamp": self._expires_at}


def renewed(kept: Credentials) -> None:
    """This will wait for the end of a renewal."""
    if (thread := kept._renewal) is not None:
        thread.join(SOON)
        assert not thread.is_alive()


@pytest.mark.parametrize(("fails", "then"), [(False, "Bearer t-2"), (True, "Bearer t-1")])
def test_a_credential_is_renewed_before_its_end_while_everybody_goes_on_with_it(
    fails: bool, then: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    ends_at = clock.now + 3600
    kept = credentials(clock, exec=printing(tmp_path, {"token": "t-1", "expirationTimestamp": written(ends_at)}))
    kept.current()
    plugin = HeldPlugin(expires_at=ends_at + 3600, fails=fails)
    monkeypatch.setattr(plugins, "run", plugin)
    clock.now = ends_at - 30
    assert [kept.current().headers[0][1] for _ in range(3)] == ["Bearer t-1"] * 3
    assert plugin.begins.wait(SOON)
    plugin.may_go.set()
    renewed(kept)
    assert [kept.current().headers[0][1] for _ in range(3)] == [then] * 3
    assert plugin.runs == 1, "it is not run again at once"


@pytest.mark.parametrize(("lifetime", "most"), [(60, 14), (90, 10), (600, 2)])
def test_a_credential_of_a_short_life_is_renewed_when_most_of_it_is_over(lifetime: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, given = Clock(), itertools.count(1)

    def gives_another(**_: Any) -> dict[str, Any]:
        return {"token": f"t-{next(given)}", "expirationTimestamp": clock.now + lifetime}

    monkeypatch.setattr(plugins, "run", gives_another)
    kept, seen = credentials(clock, exec={"command": "login"}), set()
    for _ in range(600):
        seen.add(kept.current())
        renewed(kept)
        clock.now += 1
    assert len(seen) <= most


def test_a_credential_that_ends_no_later_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, given = Clock(), itertools.count(1)
    ends_at = clock.now + 3600

    def gives_another_of_the_same_end(**_: Any) -> dict[str, Any]:
        return {"token": f"t-{next(given)}", "expirationTimestamp": ends_at}

    monkeypatch.setattr(plugins, "run", gives_another_of_the_same_end)
    kept = credentials(clock, exec={"command": "login"})
    first = kept.current()
    clock.now = ends_at - 30
    kept.current()
    renewed(kept)
    assert kept.current() is first and next(given) == 3


@pytest.mark.parametrize("needed", ["ended", "refused"])
def test_whoever_needs_another_credential_while_one_is_fetched_waits_for_that(needed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two plugins at once may take each other's session away."""
    clock = Clock()
    ends_at = clock.now + 3600
    kept = credentials(clock, exec=printing(tmp_path, {"token": "t-1", "expirationTimestamp": written(ends_at)}))
    kept.reread()
    plugin = HeldPlugin(expires_at=ends_at + 3600)
    first, wait = kept.current(), kept._renewed.wait

    def lets_it_go(timeout: float | None = None) -> bool:
        plugin.may_go.set()
        return wait(timeout)

    monkeypatch.setattr(kept._renewed, "wait", lets_it_go)
    monkeypatch.setattr(plugins, "run", plugin)
    clock.now = ends_at - 30
    kept.current()
    assert plugin.begins.wait(SOON)
    if needed == "ended":
        clock.now = ends_at - 5
    else:
        assert kept.refused(first)
    assert kept.current().headers[0][1] == "Bearer t-2"
    assert plugin.runs == 1


def test_what_a_plugin_gives_for_a_kubeconfig_that_was_written_meanwhile_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, file = Clock(), tmp_path / "config"
    ends_at = clock.now + 3600
    access = kubeconfig(file, exec=printing(tmp_path, {"token": "t-1", "expirationTimestamp": written(ends_at)}))
    kept = Credentials(access, wall_clock=clock, monotonic=clock)
    kept.current()
    plugin = HeldPlugin(expires_at=ends_at + 3600)
    monkeypatch.setattr(plugins, "run", plugin)
    clock.now = ends_at - 30
    kept.current()
    assert plugin.begins.wait(SOON)
    kubeconfig(file, token="new")
    assert kept.reread()
    assert kept.current().headers[0][1] == "Bearer new"
    plugin.may_go.set()
    renewed(kept)
    assert kept.current().headers[0][1] == "Bearer new"


def test_a_refused_credential_makes_the_plugin_run_once_for_all_who_hold_it(tmp_path: Path) -> None:
    kept = credentials(exec=printing(tmp_path, {"token": "t-1"}))
    old = kept.current()
    printing(tmp_path, {"token": "t-2"})
    assert kept.refused(old) and kept.refused(old)
    assert kept.current().headers[0][1] == "Bearer t-2" and runs(tmp_path) == 2
    assert not kept.refused(kept.current())


def test_a_plugin_may_give_a_client_certificate(tmp_path: Path) -> None:
    given = credentials(exec=printing(tmp_path, {"clientCertificateData": "C", "clientKeyData": "K"})).current()
    assert given.certificate == (b"C", b"K") and given.headers == ()


def test_a_plugin_is_told_what_it_needs(tmp_path: Path) -> None:
    plugin = script(
        tmp_path,
        f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; echo "$1 $REGION" > {tmp_path}/said; exit 1',
        args=["login"],
        env=[{"name": "REGION", "value": "eu"}],
        provideClusterInfo=True,
    )
    with pytest.raises(PluginFailed):
        credentials(cluster={"server": "https://t"}, exec=plugin).current()
    info = json.loads((tmp_path / "info").read_text())
    assert info["spec"] == {"interactive": False, "cluster": {"server": "https://t"}} and info["apiVersion"] == VERSION
    assert (tmp_path / "said").read_text() == "login eu\n"


def test_what_a_plugin_complains_of_is_for_the_log_and_not_for_those_who_look_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(PluginFailed) as failed:
        credentials(exec=script(tmp_path, "echo enter the code ABCD-EFGH >&2; exit 7")).current()
    assert "ABCD-EFGH" not in failed.value.sentence
    assert "failed with exit code 7: enter the code ABCD-EFGH" in caplog.text


def test_a_plugin_is_not_handed_what_opens_our_database_and_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CLUSTERVIEW_REDIS_URL", "CLUSTERVIEW_SECRET_KEY_FILE")
    for name in (*ours, "AWS_PROFILE"):
        monkeypatch.setenv(name, "of this process")
    more = {"env": [{"name": "CLUSTERVIEW_STATE", "value": "the kubeconfig's own"}]}
    printing(tmp_path, {"token": "t"})
    credentials(exec=script(tmp_path, f"env > {tmp_path}/env; cat {tmp_path}/said.json", **more)).current()
    handed = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines() if "=" in line)
    assert not [name for name in ours if name in handed]
    assert (handed["AWS_PROFILE"], handed["CLUSTERVIEW_STATE"]) == ("of this process", "the kubeconfig's own")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exit 7", "exit code 7; what it said is in the log"),
        ("echo not json", "did not print an ExecCredential"),
        ("echo '{}'", "did not print an ExecCredential"),
        ("echo '[]'", "did not print an ExecCredential"),
    ],
)
def test_a_plugin_that_fails_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PluginFailed, match=said) as caught:
        credentials(exec=script(tmp_path, text)).current()
    assert caught.value.temporary


@pytest.mark.parametrize(
    ("status", "version", "said"),
    [
        ({"token": "t", "expirationTimestamp": written(time.time() - 5)}, VERSION, "has expired"),
        ({"token": "t", "expirationTimestamp": "soon"}, VERSION, "did not print"),
        ({"token": "t"}, "client.authentication.k8s.io/v1beta1", "did not print"),
        ({"clientCertificateData": "C"}, VERSION, "printed no credential"),
        ({}, VERSION, "printed no credential"),
    ],
)
def test_a_plugin_that_gives_nothing_usable_is_one_sentence(tmp_path: Path, status: dict[str, Any], version: str, said: str) -> None:
    with pytest.raises(PluginFailed, match=said):
        credentials(exec=printing(tmp_path, status, version)).current()


def test_a_missing_plugin_says_how_to_install_it() -> None:
    plugin = {"command": "no-such-plugin-here", "apiVersion": VERSION, "installHint": "Install it with brew."}
    with pytest.raises(PluginFailed, match=r"cannot be started: No such file or directory\. Install it with brew\."):
        credentials(exec=plugin).current()


def test_a_plugin_that_needs_a_terminal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginFailed, match="terminal"):
        credentials(exec=script(tmp_path, "", interactiveMode="Always")).current()


def test_a_hanging_plugin_is_ended_with_its_children(tmp_path: Path) -> None:
    plugin = script(tmp_path, f"sleep 300 & echo $! > {tmp_path}/child; echo up > {tmp_path}/up; wait")
    with pytest.raises(PluginFailed, match=r"gave nothing within 0\.5 s"):
        plugins.run(plugin=plugin, cluster={}, timeout_seconds=0.5)
    child = tmp_path / "child"  # which a busy machine may not have let it start
    assert not child.exists() or not child.read_text() or not alive(int(child.read_text()))


ENDS_WHILE_IT_WAITS = """
import json, os, pathlib, psutil, signal, sys, threading, time
from clusterview.kube import plugins
threading.Thread(target=plugins.run, kwargs={"plugin": json.loads(sys.argv[1]), "cluster": {}, "timeout_seconds": 300}, daemon=True).start()
while not pathlib.Path(sys.argv[2]).exists() or len(psutil.Process().children()) < 2:
    time.sleep(0.01)
if sys.argv[3] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("end", "code"), [("by itself", 0), ("killed", -signal.SIGKILL)])
def test_a_hanging_plugin_does_not_outlive_the_process_that_waits_for_it(end: str, code: int, tmp_path: Path) -> None:
    plugin = script(tmp_path, f"sleep 300 & echo $! > {tmp_path}/child; echo up > {tmp_path}/up; wait")
    line = [sys.executable, "-c", ENDS_WHILE_IT_WAITS, json.dumps(plugin), str(tmp_path / "up"), end]
    assert subprocess.run(line, check=False, timeout=60).returncode == code
    assert not alive(int((tmp_path / "child").read_text()))


def test_a_failed_plugin_is_not_run_again_by_each_watch(tmp_path: Path) -> None:
    clock = Clock()
    kept = credentials(clock, exec=script(tmp_path, "exit 1"))
    for _ in range(18):
        with pytest.raises(PluginFailed):
            kept.current()
    assert runs(tmp_path) == 1
    clock.now += FAILURE_SECONDS
    with pytest.raises(PluginFailed):
        kept.current()
    assert runs(tmp_path) == 2


def alive(pid: int) -> bool:
    """A killed child of the group may still be a zombie of init's."""
    for _ in range(2000):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return False
        except (ProcessLookupError, FileNotFoundError):
            return False
        time.sleep(0.02)
    return True
