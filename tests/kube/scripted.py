"""An HTTP server that plays a script: each request takes the next answer, and every request is remembered.

It can do what an API server does only on a bad day: stop in the middle of a line, keep silent, hang up after reading a write.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from clusterview.kube.connections import Connection
from clusterview.kube.kubeconfigs import ClusterAccess

Step = Callable[["Handler"], None]


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    client_port: int


@dataclass
class Script:
    """`steps` are taken in order; where none is left, `last` answers (default: 500)."""

    port: int = 0
    steps: list[Step] = field(default_factory=list)
    last: Step | None = None
    asked: list[Asked] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def access(self, **user: Any) -> ClusterAccess:
        return ClusterAccess(id="test", name="test", server=self.url, namespace="default", source="test", cluster={}, user=user or {"token": "t-1"})

    def connection(self, **user: Any) -> Connection:
        return Connection(self.access(**user), version="1.2.3")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _play(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.script.asked.append(Asked(self.command, parts.path, query, dict(self.headers), body, client_port=self.client_address[1]))
        step = self.script.steps.pop(0) if self.script.steps else self.script.last or say(500)
        step(self)

    do_GET = do_POST = do_PATCH = _play

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def playing(*steps: Step, last: Step | None = None) -> Iterator[Script]:
    script = Script(steps=list(steps), last=last)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("ScriptedHandler", (Handler,), {"script": script}))
    server.daemon_threads, server.block_on_close = False, True
    script.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        script.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def say(status: int, body: object = b"", *, content_type: str = "application/json", **headers: str) -> Step:
    def step(handler: Handler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if "Connection" not in headers:
            handler.send_header("Connection", "close")
            handler.close_connection = True
        handler.end_headers()
        handler.wfile.write(content)

    return step


def stream(*lines: object, tail: bytes = b"", then: str = "end", late_seconds: float = 0.0, quiet_seconds: float = 0.0) -> Step:
    """A watch: each line, then `tail` without a newline; `then` is `end`, `cut` (no last chunk) or `silence` (until the script is released).

    It is answered `late_seconds` after it was asked for, and nothing comes for `quiet_seconds` after its headers.
    """

    def step(handler: Handler) -> None:
        handler.script.released.wait(late_seconds)
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.script.released.wait(quiet_seconds)
        for line in lines:
            _chunk(handler, (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")
        if tail:
            _chunk(handler, tail)
        if then == "silence":
            handler.script.released.wait(20)
        if then == "end":
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True

    return step


def reset(handler: Handler) -> None:
    """Reads the request and hangs up."""
    handler.close_connection = True
    hang_up(handler.connection)


def silent(handler: Handler) -> None:
    """Reads the request and never answers."""
    handler.script.released.wait(20)
    handler.close_connection = True


def dripping(handler: Handler) -> None:
    """Answers a byte at a time, often enough that no single read waits long."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.script.released.wait(0.05)
    handler.close_connection = True


def hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _chunk(handler: Handler, content: bytes) -> None:
    handler.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
    handler.wfile.flush()
