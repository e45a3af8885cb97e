"""One way to send a request to one cluster: bytes out, bytes in, every error one of ours.

No retries, because a repeated write acts twice; no redirects, because the credential would follow them; explicit time-outs, because urllib3 waits
for ever. Reading, contact and writing have separate pools, so that a frozen watch cannot make the API server look dead or delay a
write. Requests are sent raw: the official client parses each answer into models, which costs 75 times as much per pod and can turn a patch that
was applied into an exception.
"""

from __future__ import annotations

import http.client
import re
import ssl
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
from urllib3 import exceptions

from clusterview.kube import errors, sockets
from clusterview.kube.credentials import Credential, Credentials
from clusterview.kube.kubeconfigs import ClusterAccess

Query = Sequence[tuple[str, str]]

JSON = "application/json"
CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
ANSWER_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 128 * 1024
# A kept connection may have died unnoticed, and then a write that never arrived looks like a lost answer: so writes use one that answered just now.
KEPT_SECONDS, KEPT_FOR_WRITES_SECONDS = 60.0, 1.0
SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,252}\Z")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def path(*segments: str) -> str:
    """This will join segments to a path, each checked and percent-encoded: `path("api", "v1", "namespaces", name, "services")`.

    Raises ValueError for a segment that no Kubernetes name can be (empty, `..`, with a slash): it never reaches a server.
    """
    for segment in segments:
        if not SEGMENT.match(segment):
            raise ValueError(f"{segment[:80]!r} is not a name that can stand in an API path")
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


class Connection:
    """A pool of connections to one cluster. Safe to use from several threads; `close` ends what they wait for."""

    def __init__(
        self,
        access: ClusterAccess,
        *,
        version: str = "0",
        size: int = 4,
        connect_seconds: float = CONNECT_SECONDS,
        credentials: Credentials | None = None,
    ) -> None:
        self.credentials = credentials or Credentials(access)
        self._version, self._size, self._connect_seconds = version, size, connect_seconds
        self._lock = threading.Lock()
        self._register = sockets.Register()
        self._pool: urllib3.PoolManager | None = None
        self._pool_of: tuple[ClusterAccess, tuple[bytes, bytes] | None] | None = None
        self._closed = False

    @property
    def access(self) -> ClusterAccess:
        """The context as its files were read last."""
        return self.credentials.access

    def sibling(self, *, size: int = 1) -> Connection:
        """This will make a connection to the same cluster with a pool of its own and the same credentials."""
        return Connection(
            self.access,
            version=self._version,
            size=size,
            connect_seconds=self._connect_seconds,
            credentials=self.credentials,
        )

    def close(self) -> None:
        """This will end every request and stream of this connection at once, whichever thread waits for it. It stays closed."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        self._register.shut()
        if pool is not None:
            pool.clear()

    def interrupt(self) -> None:
        """This will end every request and stream that is under way, whichever thread waits for it. New ones may follow."""
        self._register.interrupt()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: bytes | None = None,
        content_type: str = JSON,
        accept: str = JSON,
        read_seconds: float = READ_SECONDS,
        connect_seconds: float | None = None,
        is_write: bool = False,
        also: Sequence[int] = (),
        into: bytearray | None = None,
    ) -> Answer:
        """This will send one request and give the whole answer. `read_seconds` bounds all of it, `also` are statuses beside 2xx to give back.

        With `into` the body of a good answer is put there instead, in the place of what it held. A read whose credential is refused is sent once
        more with a new one; a write (`is_write`) never is. Raises errors.KubeError.
        """
        headers = {"Accept": accept} | ({"Content-Type": content_type} if body is not None else {})
        timeout = urllib3.Timeout(connect=connect_seconds or self._connect_seconds, read=read_seconds)
        deadline = time.monotonic() + read_seconds
        content = bytearray() if into is None else into
        response = self._send(method, path, query=query, body=body, headers=headers, timeout=timeout, is_write=is_write)
        try:
            self._whole(response, deadline=deadline, what=f"{method} {path}", into=content)
        except errors.KubeError as error:
            if is_write and not 300 <= response.status < 500:
                raise _lost(f"{method} {path}", error) from error
            raise
        finally:
            response.close()  # a body that was read to its end has given its connection back already
        is_taken = into is not None and 200 <= response.status < 300
        answer = Answer(response.status, response.headers, b"" if is_taken else bytes(content))
        if response.status not in also:
            _check(answer, method=method, path=path, accept=accept, is_write=is_write)
        return answer

    def stream(self, path: str, *, query: Query = (), accept: str = JSON, silence_seconds: float, answer_seconds: float | None = None) -> Stream:
        """This will open an answer that goes on (a watch). Its reads raise TimedOut after `silence_seconds` without a byte.

        With `answer_seconds` it has to begin within these.
        """
        timeout = urllib3.Timeout(connect=self._connect_seconds, read=answer_seconds or silence_seconds)
        headers = {"Accept": accept}
        response = self._send("GET", path, query=query, body=None, headers=headers, timeout=timeout, is_write=False, silence_seconds=silence_seconds)
        if response.status == 200 and _is_json(response.headers):
            return Stream(self, response, what=f"GET {path}")
        content = bytearray()
        try:
            self._whole(response, deadline=time.monotonic() + silence_seconds, what=f"GET {path}", into=content)
        finally:
            response.close()
        _check(Answer(response.status, response.headers, bytes(content)), method="GET", path=path, accept=accept, is_write=False)
        raise errors.NotKubernetes(f"GET {path} was answered {response.status} without a stream of JSON. Check the server's address.")

    def _send(self, method: str, path: str, *, is_write: bool, **rest: Any) -> urllib3.BaseHTTPResponse:
        credential = self.credentials.current()
        response = self._send_once(method, path, credential=credential, is_write=is_write, **rest)
        if response.status != 401:
            return response
        try:
            renewed = self.credentials.refused(credential)
        except errors.NO_CREDENTIAL:
            if not is_write:
                response.close()
                raise
            return response  # it was sent, and this is its answer
        if is_write or not renewed:
            return response
        response.close()
        return self._send_once(method, path, credential=self.credentials.current(), is_write=is_write, **rest)

    def _send_once(
        self,
        method: str,
        path: str,
        *,
        credential: Credential,
        query: Query,
        body: bytes | None,
        headers: dict[str, str],
        timeout: urllib3.Timeout,
        is_write: bool,
        silence_seconds: float | None = None,
    ) -> urllib3.BaseHTTPResponse:
        all_headers = urllib3.HTTPHeaderDict({**headers, "User-Agent": f"clusterview/{self._version}"})
        all_headers.extend(credential.headers)
        url = credential.access.server + path + (f"?{urlencode(query)}" if query else "")
        self._register.kept_seconds = KEPT_FOR_WRITES_SECONDS if is_write else KEPT_SECONDS
        self._register.silence_seconds = silence_seconds
        try:
            pool = self._pool_for(credential)
            return pool.urlopen(
                method,
                url,
                body=body,
                headers=all_headers,
                timeout=timeout,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
        except (exceptions.HTTPError, OSError, ValueError) as error:
            traceback.clear_frames(error.__traceback__)  # urllib3's hold the error that holds them, and so the connection with its buffers
            raise self._translate(error, what=f"{method} {path}", is_write=is_write) from error
        finally:
            self._register.idle()

    def _pool_for(self, credential: Credential) -> urllib3.PoolManager:
        """Another client certificate or another kubeconfig means other connections: the old ones are closed when they are given back."""
        with self._lock:
            if self._closed:
                raise errors.Unreachable("This connection was closed.")
            access, before = credential.access, self._pool_of
            if self._pool is None or before is None or before[0] is not access or before[1] != credential.certificate:
                if self._pool is not None:
                    self._pool.clear()
                self._pool = sockets.open_pool(access, certificate=credential.certificate, register=self._register, size=self._size)
                self._pool_of = access, credential.certificate
            return self._pool

    def _translate(self, error: Exception, *, what: str, is_write: bool) -> errors.KubeError:
        server, connecting = self.access.server, self._register.connecting
        if connecting and _is_untrusted(error):
            self.credentials.reread()
            with self._lock:
                self._pool = None  # the next request reads the CA file again: it may have been rotated
            return errors.Untrusted(f"The certificate of {server} cannot be verified: {_root(error)}. Check the kubeconfig's certificate-authority.")
        if connecting:
            return errors.Unreachable(f"{server} cannot be reached: {_root(error)}. Check that the cluster runs and may be reached from here.")
        if is_write:
            return _lost(what, error)
        if isinstance(error, exceptions.TimeoutError):
            return errors.TimedOut(f"{server} did not answer {what} in time.")
        return errors.BrokenAnswer(f"The answer of {server} to {what} broke off: {_root(error)}.")

    def _whole(self, response: urllib3.BaseHTTPResponse, *, deadline: float, what: str, into: bytearray) -> None:
        """Memory that held an answer before is used again as it is: to give it back and to get it anew would cost as much as the reading."""
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise errors.NotKubernetes(f"{what} was answered with a compressed body that was not asked for. Check what stands before the API server.")
        size = 0
        while piece := self.piece(response, what=what):
            into[size : size + len(piece)] = piece
            size += len(piece)
            if size > ANSWER_BYTES:
                raise errors.NotKubernetes(f"The answer to {what} is larger than {ANSWER_BYTES // 1024 // 1024} MiB.")
            if time.monotonic() > deadline:
                raise errors.TimedOut(f"{self.access.server} did not finish its answer to {what} in time.")
        del into[size:]

    def piece(self, response: urllib3.BaseHTTPResponse, *, what: str) -> bytes:
        """This will give what has come of a body, waiting for at least one byte; nothing at its end."""
        try:
            return response.read1(CHUNK_BYTES) or b""
        except (exceptions.HTTPError, OSError, ValueError) as error:
            raise self._translate(error, what=what, is_write=False) from error


class Stream:
    """An open watch. `lines` gives complete lines; `close` may be called from any thread through the connection."""

    def __init__(self, connection: Connection, response: urllib3.BaseHTTPResponse, *, what: str) -> None:
        self._connection, self._response, self._what = connection, response, what

    def lines(self, *, limit_bytes: int) -> Iterator[bytes]:
        """This will give the lines as they come, until the server ends the stream.

        Raises TimedOut for silence, BrokenAnswer for a stream that breaks off, ends within a line, or has a line over `limit_bytes`.
        """
        begun: list[bytes] = []  # of a line that is not whole yet; each byte is copied once, for a busy watch is fifty megabytes a second
        size = 0
        while piece := self._connection.piece(self._response, what=self._what):
            start = 0
            while (end := piece.find(b"\n", start)) >= 0:
                yield b"".join((*begun, piece[start:end])) if begun else piece[start:end]
                begun, size, start = [], 0, end + 1
            if start < len(piece):
                begun.append(piece[start:])
                size += len(begun[-1])
            if size > limit_bytes:
                raise errors.BrokenAnswer(f"{self._what} sent a line of more than {limit_bytes} bytes.")
        if size:
            raise errors.BrokenAnswer(f"{self._what} ended in the middle of a line.")

    def close(self) -> None:
        self._response.close()


def _check(answer: Answer, *, method: str, path: str, accept: str, is_write: bool) -> None:
    """What is raised is not kept in a name here: the error would hold this frame, this frame the error, and both the whole answer."""
    if not 200 <= answer.status < 300:
        raise _refused(answer, method=method, path=path, is_write=is_write)
    if accept.startswith(JSON) and not _is_json(answer.headers):
        raise _foreign(answer, method=method, path=path, is_write=is_write)


def _refused(answer: Answer, *, method: str, path: str, is_write: bool) -> errors.KubeError:
    error = errors.of_answer(status=answer.status, headers=answer.headers, body=answer.body, method=method, path=path)
    return _lost(f"{method} {path}", error) if is_write and answer.status >= 500 else error


def _foreign(answer: Answer, *, method: str, path: str, is_write: bool) -> errors.KubeError:
    kind = answer.headers.get("Content-Type", "no content type")
    error = errors.NotKubernetes(
        f"{method} {path} was answered with {kind[:80]} instead of JSON. A login page or proxy may stand before the API server."
    )
    return _lost(f"{method} {path}", error) if is_write else error


def _is_json(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Type", "").startswith(JSON)


def _lost(what: str, error: Exception) -> errors.LostAnswer:
    lost = errors.LostAnswer(f"{what} was sent, but no definite answer came back ({_root(error)}). It may have been applied: read the object.")
    lost.__cause__ = error
    return lost


def _is_untrusted(error: Exception) -> bool:
    return any(isinstance(one, ssl.SSLCertVerificationError) for one in _chain(error))


def _root(error: Exception) -> str:
    """The reason in plain words, for urllib3 wraps each error in others that name its own objects."""
    for one in _chain(error):
        match one:
            case http.client.IncompleteRead() | http.client.RemoteDisconnected():
                return "the connection was closed"
            case ssl.SSLCertVerificationError():
                return one.verify_message
            case exceptions.TimeoutError() | TimeoutError() if not isinstance(one, exceptions.NewConnectionError):
                return "it took too long"
            case exceptions.NameResolutionError():
                return "the name is not known"
            case OSError() if one.strerror:
                return one.strerror
            case errors.KubeError():
                return one.sentence
    return str(error)[:200] or type(error).__name__


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it, outermost first; ten at most."""
    for _ in range(10):
        if error is None:
            return
        yield error
        reason = getattr(error, "reason", None)
        error = reason if isinstance(reason, BaseException) else error.__cause__ or error.__context__
