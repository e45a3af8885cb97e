"""Kubeconfigs with which something is wrong, made from one that works, and credential plugins that are scripts."""

from __future__ import annotations

import json
import pathlib
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

V1 = "client.authentication.k8s.io/v1"


class Kubeconfig:
    """Contexts that differ from a good one in one thing each."""

    def __init__(self, *, good: pathlib.Path, folder: pathlib.Path) -> None:
        known = json.loads(good.read_text())
        self._server, self._user = known["clusters"][0]["cluster"], known["users"][0]["user"]
        self._folder = folder
        self._entries: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}

    def context(self, name: str, *, server: str | None = None, user: dict[str, Any] | None = None) -> None:
        """This will add one, with another server or another user than the good one's."""
        self._entries[name] = (self._server | ({"server": server} if server else {}), user or self._user)

    def plugin(self, name: str, script: str) -> dict[str, Any]:
        """A user whose credential comes from a script in Python. It notes its pid in `<name>.pid` first, so that it is known to have run."""
        path = self._folder / name
        path.write_text(f"#!{sys.executable}\nimport os, pathlib, time\npathlib.Path(__file__ + '.pid').write_text(str(os.getpid()))\n{script}\n")
        path.chmod(0o700)
        return {"exec": {"apiVersion": V1, "command": str(path), "interactiveMode": "Never"}}

    def pid(self, name: str) -> int | None:
        """Of the plugin's last run; None when it never ran."""
        path = self._folder / f"{name}.pid"
        return int(path.read_text()) if path.exists() and path.read_text() else None

    def write(self) -> pathlib.Path:
        path = self._folder / "kubeconfig"
        clusters = [{"name": name, "cluster": cluster} for name, (cluster, _) in self._entries.items()]
        users = [{"name": name, "user": user} for name, (_, user) in self._entries.items()]
        contexts = [{"name": name, "context": {"cluster": name, "user": name}} for name in self._entries]
        document = {"apiVersion": "v1", "kind": "Config", "clusters": clusters, "users": users, "contexts": contexts}
        path.write_text(json.dumps(document | {"current-context": next(iter(self._entries))}))
        return path


def prints_an_expired_token() -> str:
    """What a plugin does that prints a token of an hour ago."""
    status = {"token": "nobody", "expirationTimestamp": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
    return f"print({json.dumps({'apiVersion': V1, 'kind': 'ExecCredential', 'status': status})!r})"
