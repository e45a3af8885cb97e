"""TCP and TLS below the connections: trust, proxies, keepalive, and a register of open sockets so that a blocked read can be ended at once.

Kept apart because each point answers a trap. urllib3 tells neither whether an error came before or after the first byte was sent, nor lets
another thread end a read. Python 3.13 verifies certificates so strictly that many clusters' own CAs fail. Go's programs, kubectl among them, read
networks in NO_PROXY and never send loopback to a proxy; Python's standard library does otherwise.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import ipaddress
import os
import re
import socket
import ssl
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from clusterview.kube.credentials import data_or_file
from clusterview.kube.errors import BadKubeconfig
from clusterview.kube.kubeconfigs import ClusterAccess

PIECE_BYTES = 64 * 1024
CHUNK_HEAD_BYTES = 4 * 1024
KEEPALIVE_IDLE_SECONDS, KEEPALIVE_INTERVAL_SECONDS, KEEPALIVE_PROBES = 15, 5, 3
HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{1,16}")


class Register:
    """The open sockets of one connection, and whether the calling thread is still connecting (then nothing was sent yet)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._here = threading.local()
        self._is_shut = False

    @property
    def kept_seconds(self) -> float:
        """How long ago a connection may have answered last to be used again by the calling thread's request."""
        return float(getattr(self._here, "kept_seconds", 0.0))

    @kept_seconds.setter
    def kept_seconds(self, seconds: float) -> None:
        self._here.kept_seconds = seconds

    @property
    def silence_seconds(self) -> float | None:
        """For how long the body of the calling thread's answer may pause, where that is not as long as its headers may take."""
        return getattr(self._here, "silence_seconds", None)

    @silence_seconds.setter
    def silence_seconds(self, seconds: float | None) -> None:
        self._here.silence_seconds = seconds

    @property
    def connecting(self) -> bool:
        return bool(getattr(self._here, "connecting", False))

    def begin(self) -> None:
        self._here.connecting = True

    def connected(self, opened: socket.socket | None) -> None:
        self._here.connecting = False
        if opened is not None:
            with self._lock:
                self._sockets.add(opened)
                is_late = self._is_shut
            if is_late:
                _shut(opened)

    def idle(self) -> None:
        self._here.connecting = False

    def shut(self) -> None:
        """This will end every read and write on these sockets, and on one that is being opened as soon as it is."""
        with self._lock:
            self._is_shut = True
        self.interrupt()

    def interrupt(self) -> None:
        """This will end every read and write on the sockets that are open now."""
        with self._lock:
            opened = list(self._sockets)
        for one in opened:
            _shut(one)


def _shut(opened: socket.socket) -> None:
    """On the TCP level: TLS objects may not be touched by another thread."""
    with contextlib.suppress(OSError):  # it is closed already
        socket.socket.shutdown(opened, socket.SHUT_RDWR)


class TLSSocket(ssl.SSLSocket):
    """A peer that is gone before the handshake ends it: Python 3.11 leaves the socket open there, or goes on without TLS."""

    def getpeername(self) -> Any:
        try:
            return super().getpeername()
        except OSError as error:
            self.close()
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)) from error


class Chunked(http.client.HTTPResponse):
    """Gives all that has come of a chunked body at once. An API server sends each event of a watch as a chunk of its own, and the library's class
    gives each by itself, in parts of the 8 kB that it reads.

    A body may be read by `read1` alone. https://www.rfc-editor.org/rfc/rfc9112#section-7.1
    """

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._head = b""  # the beginning of a line that is not whole yet
        self._left = 0  # so much of the present chunk is still to come
        self._is_after_chunk = self._is_after_last = False

    def read1(self, n: int = -1) -> bytes:
        """This will wait for some of the body; nothing at its end. Raises IncompleteRead or ValueError for what is no chunked body."""
        if not self.chunked:
            return super().read1(n)
        while self.fp is not None:
            came = self.fp.read1(min(n, PIECE_BYTES) if n > 0 else PIECE_BYTES)
            if not came and not self._is_after_last:
                raise http.client.IncompleteRead(b"")
            if not came:
                self.close()
            if body := self._body_of(self._head + came):
                return body
        return b""

    def _body_of(self, data: bytes) -> bytes:
        pieces, view, at = list[memoryview](), memoryview(data), 0
        while True:
            if self._left:
                pieces.append(view[at : at + self._left])
                self._left -= len(pieces[-1])
                at += len(pieces[-1])
            if self._is_after_chunk and data.startswith(b"\r\n", at):
                at += 2
                self._is_after_chunk = False
            end = data.find(b"\n", at)
            if self._left or end < 0:
                break
            self._begin_chunk(data[at:end].strip())
            at = end + 1
        self._head = b"" if self._left else data[at:]
        if len(self._head) > CHUNK_HEAD_BYTES:
            raise ValueError("a chunk's head is too long")
        return b"".join(pieces)

    def _begin_chunk(self, line: bytes) -> None:
        """After the last one come lines that nobody needs, and an empty one."""
        if self._is_after_last:
            if not line:
                self.close()
            return
        if self._is_after_chunk or not HEXADECIMAL.fullmatch(size := line.partition(b";")[0].strip()):
            raise ValueError(f"{line[:40]!r} does not begin a chunk")
        self._left = int(size, 16)
        self._is_after_chunk, self._is_after_last = bool(self._left), not self._left


class TrackedHTTP(HTTPConnection):
    response_class = Chunked
    register: Register
    answered_at = 0.0

    def connect(self) -> None:
        self.register.begin()
        super().connect()
        self.register.connected(self.sock)

    def getresponse(self) -> Any:
        opened = self.sock  # it is the answer's own where that ends the connection
        answer = super().getresponse()
        if self.register.silence_seconds is not None:
            opened.settimeout(self.register.silence_seconds)
        self.answered_at = time.monotonic()
        return answer

    @property
    def is_connected(self) -> bool:
        """Asked before a kept connection is used again: one that was idle for too long is replaced by a new one."""
        return super().is_connected and time.monotonic() - self.answered_at <= self.register.kept_seconds


class TrackedHTTPS(TrackedHTTP, HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        self.is_verified = True  # where it is not, the kubeconfig says so; urllib3 would warn at each request


def open_pool(
    access: ClusterAccess,
    *,
    certificate: tuple[bytes, bytes] | None,
    register: Register,
    size: int,
    environment: Mapping[str, str] = os.environ,
) -> urllib3.PoolManager:
    """This will make a pool for the cluster's server. Nothing is sent. Raises BadKubeconfig for TLS settings that cannot be used."""
    options: dict[str, Any] = {"num_pools": 1, "maxsize": size, "retries": False, "socket_options": _keepalive()}
    if access.server.startswith("https:"):
        insecure = bool(access.cluster.get("insecure-skip-tls-verify"))
        options["ssl_context"] = _trust(access, insecure=insecure, certificate=certificate)
        options["cert_reqs"] = "CERT_NONE" if insecure else "CERT_REQUIRED"
        if access.cluster.get("tls-server-name"):
            options["server_hostname"] = str(access.cluster["tls-server-name"])
    proxy = proxy_for(access, environment=environment)
    pool = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
    _track(pool.connection_from_url(access.server), register=register)
    return pool


def proxy_for(access: ClusterAccess, *, environment: Mapping[str, str] = os.environ) -> str | None:
    """This will tell the proxy for the cluster: its `proxy-url`, else HTTPS_PROXY or HTTP_PROXY unless NO_PROXY names the host."""
    asked = str(access.cluster.get("proxy-url") or "")
    parts = urlsplit(access.server)
    if not asked and not _bypassed(host=parts.hostname or "", port=parts.port, listed=_either(environment, "no_proxy")):
        asked = _either(environment, f"{parts.scheme}_proxy")
    if not asked:
        return None
    if "://" not in asked:
        asked = f"http://{asked}"
    if urlsplit(asked).scheme not in ("http", "https"):
        raise BadKubeconfig(f"The proxy of context {access.name!r} must be http or https; {urlsplit(asked).scheme} is not supported.")
    return asked


def _either(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name.upper()) or environment.get(name) or ""


def _bypassed(*, host: str, port: int | None, listed: str) -> bool:
    """https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config: names with their subdomains, addresses, networks, `*`."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    for entry in (one.strip().lower() for one in listed.split(",")):
        if entry == "*" or (entry and _names(entry=entry, host=host.lower(), port=port, address=address)):
            return True
    return False


def _names(*, entry: str, host: str, port: int | None, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    if address is not None:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return entry == f"{host}:{port}"
    name, _, wanted_port = entry.partition(":")
    if wanted_port and wanted_port != str(port):
        return False
    bare = name.removeprefix("*").removeprefix(".")
    return host.endswith(f".{bare}") or (host == bare and not name.startswith((".", "*")))


def _track(pool: urllib3.HTTPConnectionPool, *, register: Register) -> None:
    base = TrackedHTTPS if isinstance(pool, urllib3.HTTPSConnectionPool) else TrackedHTTP
    pool.ConnectionCls = type(base.__name__, (base,), {"register": register})


def _trust(access: ClusterAccess, *, insecure: bool, certificate: tuple[bytes, bytes] | None) -> ssl.SSLContext:
    authority = data_or_file(entry=access.cluster, key="certificate-authority")
    try:
        context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
        context.sslsocket_class = TLSSocket
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if certificate is not None:
            _load_pair(context, certificate)
    except (ssl.SSLError, ValueError) as error:
        raise BadKubeconfig(f"The certificates of context {access.name!r} in {access.source} cannot be used: {error}.") from error
    return context


def _load_pair(context: ssl.SSLContext, pair: tuple[bytes, bytes]) -> None:
    """OpenSSL reads a key from a file only, so there is one for as long as that takes (0600, as mkstemp makes it)."""
    handle, name = tempfile.mkstemp(prefix="clusterview-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pair[0] + b"\n" + pair[1])
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()


def _keepalive() -> list[tuple[int, int, int]]:
    """Names differ between systems: macOS calls the idle time TCP_KEEPALIVE."""
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE_SECONDS),
        ("TCP_KEEPALIVE", KEEPALIVE_IDLE_SECONDS),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL_SECONDS),
        ("TCP_KEEPCNT", KEEPALIVE_PROBES),
    ):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options
