"""The two clusters that are asked, behind one face: requests by our own connections, kubectl, kubeconfigs of their people."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from clusterview.kube import kubeconfigs
from clusterview.kube.connections import Connection
from clusterview.practice.cluster import Cluster, Options
from clusterview.practice.sizes import Size
from clusterview.practice.timing import QUICK
from tests.patience import Patience

T = TypeVar("T")
REFUSALS = range(400, 600)
MEDIA = {
    "json": "application/json-patch+json", "merge": "application/merge-patch+json", "strategic": "application/strategic-merge-patch+json",
}  # fmt: skip


@dataclass(frozen=True)
class Reply:
    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return str(self.body["metadata"]["resourceVersion"])


class Subject:
    """One cluster under the contract. `kubeconfigs` are by user, `program` is the kubectl to use, `forget` lets it forget its history."""

    def __init__(self, *, name: str, kubeconfigs: dict[str, Path], program: list[str], forget: Callable[[], None] = lambda: None) -> None:
        self.name, self.kubeconfigs, self.program, self.forget = name, kubeconfigs, program, forget
        self._connections: dict[str, Connection] = {}

    def connect(self, user: str = "admin", **changes: Any) -> Connection:
        """A connection of our own as one of its people."""
        access = kubeconfigs.contexts([str(self.kubeconfigs[user])])[0]
        if changes:  # which no file has, so there is nothing to read again
            access = dataclasses.replace(access, user=access.user | changes, paths=())
        return Connection(access, version="contract")

    def ask(
        self, method: str, path: str, body: Any = None, *, kind: str = "", user: str = "admin", accept: str = "application/json", **query: str
    ) -> Reply:
        """This will send one request and give the answer, whatever its status."""
        if user not in self._connections:
            self._connections[user] = self.connect(user)
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        answer = self._connections[user].request(
            method, path, query=list(query.items()), body=content, content_type=MEDIA.get(kind, kind or "application/json"), accept=accept,
            also=REFUSALS,
        )  # fmt: skip
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return Reply(answer.status, json.loads(answer.body) if is_json else {"text": answer.body.decode()}, dict(answer.headers))

    def get(self, path: str, **query: str) -> dict[str, Any]:
        reply = self.ask("GET", path, **query)
        assert reply.status == 200, reply.body
        return reply.body

    def kubectl(self, *words: str, user: str = "admin", input: str | None = None, fails: bool = False) -> str:
        """This will run kubectl and give what it printed, errors included; `fails` says that it must."""
        code, text = self.run_kubectl(*words, user=user, input=input)
        assert bool(code) is fails, text
        return text

    def run_kubectl(self, *words: str, user: str = "admin", input: str | None = None) -> tuple[int, str]:
        """The same, whether it fails or not: exit code and text."""
        kubeconfig = self.kubeconfigs[user]
        line = [*self.program, "--kubeconfig", str(kubeconfig), "--cache-dir", str(kubeconfig.parent / "kubectl"), *words]
        done = subprocess.run(line, input=input, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def events(
        self, path: str, *, until: Callable[[list[dict[str, Any]]], bool], accept: str = "application/json", **query: str
    ) -> list[dict[str, Any]]:
        """This will watch until what was seen is enough, or the watch ends."""
        if "watching" not in self._connections:
            self._connections["watching"] = self.connect()
        asked = {"watch": "1", "timeoutSeconds": "5"} | query
        stream = self._connections["watching"].stream(path, query=list(asked.items()), accept=accept, silence_seconds=8)
        seen: list[dict[str, Any]] = []
        try:
            for line in stream.lines(limit_bytes=4 * 1024 * 1024):
                seen.append(json.loads(line))
                if until(seen):
                    break
        finally:
            stream.close()
        return seen

    def wait_for(self, look: Callable[[], T], *, seconds: float = 20, what: str = "it") -> T:
        """This will look until it sees something true, for so long (see Patience)."""
        patience = Patience(seconds=seconds)
        while not (found := look()):
            assert not patience.is_over, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.02)
        return found

    def close(self) -> None:
        for one in self._connections.values():
            one.close()


@contextmanager
def practice(*, folder: Path, story: str = "shop", size: Size | None = None) -> Iterator[Cluster]:
    """A practice cluster in a thread, quicker than the usual one."""
    ready = threading.Event()
    made: list[Cluster] = []

    async def run() -> None:
        made.append(Cluster(Options(folder=folder, port=0, story=story, timing=QUICK, size=size)))
        await made[0].run(ready=ready.set)

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield made[0]
    finally:
        made[0].stop()
        thread.join(10)
        assert not thread.is_alive()
