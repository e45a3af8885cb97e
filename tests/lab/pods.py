"""Gives every ready pod a real HTTP server on its own address and its own ports, and takes it away when the pod stops being ready.

Run inside the lab's network: `python pods.py KUBECONFIG TARGETS`. The answer to `/` is the pod's name, so that whoever asks knows who served;
`/metrics` tells Prometheus how many requests were served, which finds the pods in the file TARGETS (Debian builds it without its own
discovery of Kubernetes). A request to a pod that is gone meets a closed port, as on a real node.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

USUAL_PORT = 8080
LONGEST_LINE = 8 * 1024 * 1024
PAUSE_SECONDS = 0.2


class Server:
    """One pod's servers."""

    def __init__(self, *, name: str, labels: dict[str, str]) -> None:
        self.name, self.labels, self.served = name, labels, 0
        self.addresses: list[str] = []
        self._listening: list[asyncio.Server] = []
        self._connections: set[asyncio.StreamWriter] = set()

    async def listen(self, *, address: str, ports: list[int]) -> None:
        for port in ports:
            self._listening.append(await asyncio.start_server(self._serve, address, port))
            self.addresses.append(f"{address}:{port}")

    def close(self) -> None:
        """This will end it at once, open connections included."""
        for one in self._listening:
            one.close()
        for writer in self._connections:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(path=head.split(b" ", 2)[1]))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._connections.discard(writer)
            writer.close()

    def _answer(self, *, path: bytes) -> bytes:
        if path == b"/metrics":
            body = f'# TYPE http_requests_total counter\nhttp_requests_total{{pod="{self.name}",code="200"}} {self.served}\n'.encode()
        else:
            self.served += 1
            body = self.name.encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class Pods:
    """The servers of all pods, by uid. `targets` is where Prometheus reads whom to ask."""

    def __init__(self, *, targets: Path) -> None:
        self._servers: dict[str, Server] = {}
        self._targets = targets

    async def see(self, *, kind: str, pod: dict[str, Any]) -> None:
        """This will open or close what one event of a watch asks for."""
        uid, address = pod["metadata"]["uid"], pod.get("status", {}).get("podIP")
        if kind == "DELETED" or not is_ready(pod):
            if gone := self._servers.pop(uid, None):
                gone.close()
                self._write_targets()
        elif uid not in self._servers and address:
            server = self._servers[uid] = Server(name=pod["metadata"]["name"], labels=pod["metadata"].get("labels", {}))
            await server.listen(address=address, ports=ports_of(pod))
            self._write_targets()

    def keep(self, uids: set[str]) -> None:
        """This will close what a list does not hold any more."""
        for uid in self._servers.keys() - uids:
            self._servers.pop(uid).close()
        self._write_targets()

    def _write_targets(self) -> None:
        told = [{"targets": one.addresses, "labels": {"slot": one.labels.get("slot", "")}} for one in self._servers.values()]
        draft = self._targets.with_suffix(".draft")
        draft.write_text(json.dumps(told))
        draft.replace(self._targets)


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return "deletionTimestamp" not in pod["metadata"] and any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def ports_of(pod: dict[str, Any]) -> list[int]:
    return [port["containerPort"] for one in pod["spec"]["containers"] for port in one.get("ports", [])] or [USUAL_PORT]


class Watch:
    """All pods of the cluster, followed with nothing but asyncio: a thousand lines of client would hide what the lab's pods do."""

    def __init__(self, *, kubeconfig: Path) -> None:
        config = json.loads(kubeconfig.read_text())
        self._server = urlsplit(config["clusters"][0]["cluster"]["server"])
        self._token = config["users"][0]["user"]["token"]
        with tempfile.NamedTemporaryFile() as authority:
            authority.write(b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]))
            authority.flush()
            self._trust = ssl.create_default_context(cafile=authority.name)

    async def follow(self, *, pods: Pods) -> None:
        """This will list, then watch until the server ends it."""
        listed = json.loads(b"".join([line async for line in self._lines("/api/v1/pods")]))
        pods.keep({pod["metadata"]["uid"] for pod in listed["items"]})
        for pod in listed["items"]:
            await pods.see(kind="ADDED", pod=pod)
        version = listed["metadata"]["resourceVersion"]
        async for line in self._lines(f"/api/v1/pods?watch=1&resourceVersion={version}"):
            event = json.loads(line)
            if event["type"] not in ("ADDED", "MODIFIED", "DELETED"):
                return
            await pods.see(kind=event["type"], pod=event["object"])

    async def _lines(self, path: str) -> Any:
        host = str(self._server.hostname)
        reader, writer = await asyncio.open_connection(host, self._server.port, ssl=self._trust, limit=LONGEST_LINE)
        try:
            # HTTP/1.0 asks for a body that ends with the connection, so it needs no unpacking.
            writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {self._token}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                raise OSError(head.decode(errors="replace").split("\r\n", 1)[0])
            while line := await reader.readline():
                yield line
        finally:
            writer.close()


async def serve(*, kubeconfig: Path, targets: Path) -> None:
    """This will serve for every ready pod, for ever."""
    pods = Pods(targets=targets)
    while True:
        try:
            await Watch(kubeconfig=kubeconfig).follow(pods=pods)
        except (OSError, ValueError, asyncio.IncompleteReadError) as problem:
            print("the watch ended:", repr(problem), flush=True)
        await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    asyncio.run(serve(kubeconfig=Path(sys.argv[1]), targets=Path(sys.argv[2])))
