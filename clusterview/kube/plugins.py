"""Runs a credential plugin (`exec` of a kubeconfig: EKS, GKE, AKS, OIDC logins) and reads what it prints.

The official client waits for a plugin for ever and ignores client certificates and caching. Here a plugin has a time-out, its whole process group
ends with it (a shell script's children too) and with this process, however that ends, and whatever goes wrong is one sentence. It has no terminal:
a plugin that must ask cannot.
https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from clusterview.kube.errors import PluginFailed

log = logging.getLogger(__name__)

STDERR_CHARACTERS = 300  # for the log and not for the page: a login helper may say what lets somebody in
OURS = ("DATABASE_", "REDIS_URL", "CLUSTERVIEW_")  # what these variables hold is no business of a plugin
WATCH = 'read -r _; kill -s KILL -- "-$1"'
_running: set[subprocess.Popen[bytes]] = set()


def run(*, plugin: dict[str, Any], cluster: dict[str, Any], timeout_seconds: float) -> dict[str, Any]:
    """This will run the plugin and give the `status` of its ExecCredential, with `expirationTimestamp` as unix seconds or None.

    Raises PluginFailed when it is missing, hangs, fails, prints something else, or gives a credential that has expired.
    """
    command = str(plugin.get("command") or "")
    version = str(plugin.get("apiVersion") or "")
    if not command or not version:
        raise PluginFailed("The kubeconfig's `exec` needs a `command` and an `apiVersion`.")
    if plugin.get("interactiveMode") == "Always":
        raise PluginFailed(f"The credential plugin {command} asks for a terminal (interactiveMode: Always), and a server has none.")
    output = _output(plugin=plugin, command=command, info=_info(plugin=plugin, cluster=cluster, version=version), timeout_seconds=timeout_seconds)
    return _status(output=output, command=command, version=version)


def _info(*, plugin: dict[str, Any], cluster: dict[str, Any], version: str) -> str:
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = {key: value for key, value in cluster.items() if key not in ("extensions", "certificate-authority")}
        for extension in cluster.get("extensions") or []:
            if extension.get("name") == "client.authentication.k8s.io/exec":
                spec["cluster"]["config"] = extension.get("extension")
    return json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": spec})


def _output(*, plugin: dict[str, Any], command: str, info: str, timeout_seconds: float) -> bytes:
    added = {str(one["name"]): str(one["value"]) for one in plugin.get("env") or []}
    arguments = [command, *(str(one) for one in plugin.get("args") or [])]
    theirs = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    environment = {**theirs, **added, "KUBERNETES_EXEC_INFO": info}
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator's own kubeconfig says to run this; none from the web gets here
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        hint = str(plugin.get("installHint") or "Install it, or put it on the PATH of this process.").strip()
        raise PluginFailed(f"The credential plugin {command} cannot be started: {error.strerror}. {hint}") from error
    _running.add(process)
    with process, _watched(process):
        try:
            output, complaint = process.communicate(timeout=timeout_seconds)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise PluginFailed(
                f"The credential plugin {command} gave nothing within {timeout_seconds:g} s and was ended. Run it by hand: it may wait for a login."
            ) from error
        finally:
            _running.discard(process)
    if process.returncode != 0:
        last = complaint.decode(errors="replace").strip()[-STDERR_CHARACTERS:]
        log.warning("the credential plugin %s failed with exit code %s: %s", command, process.returncode, last or "it said nothing")
        raise PluginFailed(
            f"The credential plugin {command} failed with exit code {process.returncode}; what it said is in the log of Clusterview. Log in again."
        )
    return output


@contextlib.contextmanager
def _watched(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whoever kills this process leaves it no time to end the plugin. So a shell waits for the end of a pipe that nobody else holds; where there is
    no shell, a plugin that is left alone goes on.
    """
    try:
        watcher = subprocess.Popen(  # noqa: S603 - a line of ours
            ["/bin/sh", "-c", WATCH, "sh", str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        yield
        return
    try:
        yield
    finally:
        watcher.kill()
        watcher.communicate()


@atexit.register
def _end_all() -> None:
    """A group of its own also means that nobody else would end it: what ends our process group does not reach it."""
    for process in list(_running):
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """The group was made for the plugin, so it holds nothing else. A child that still holds the pipe would keep us waiting for ever."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _status(*, output: bytes, command: str, version: str) -> dict[str, Any]:
    try:
        said = json.loads(output)
        status = said["status"]
        if said["kind"] != "ExecCredential" or said["apiVersion"] != version or not isinstance(status, dict):
            raise ValueError
        expires_at = _unix_seconds(status.get("expirationTimestamp"))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PluginFailed(f"The credential plugin {command} did not print an ExecCredential of {version}. Check its version.") from error
    if not (status.get("token") or (status.get("clientCertificateData") and status.get("clientKeyData"))):
        raise PluginFailed(f"The credential plugin {command} printed no credential. Log in again.")
    if expires_at is not None and expires_at <= datetime.now(UTC).timestamp():
        raise PluginFailed(f"The credential plugin {command} gave a credential that has expired. Log in again, and check this machine's clock.")
    return {**status, "expirationTimestamp": expires_at}


def _unix_seconds(written: object) -> float | None:
    return datetime.fromisoformat(str(written)).timestamp() if written else None
