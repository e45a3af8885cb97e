"""A watch with nothing in between: what the times of others are held against."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from tests.lab.asking import ApiServer


class BareWatch:
    """Reads line by line, in a thread of its own: `take` gets each object with the moment at which its line came, by `time.perf_counter`."""

    def __init__(self, cluster: ApiServer, *, path: str, take: Callable[[dict[str, Any], float], None]) -> None:
        where = urllib.parse.urlsplit(cluster.server)
        trust = ssl.create_default_context(cafile=str(cluster.authority))
        self._take = take
        self._connection = http.client.HTTPSConnection(str(where.hostname), where.port, context=trust)
        self._connection.request("GET", path, headers={"Authorization": f"Bearer {cluster.token}"})
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while line := self._answer.readline():
            now = time.perf_counter()
            self._take(json.loads(line)["object"], now)

    def close(self) -> None:
        assert self._connection.sock is not None
        with contextlib.suppress(OSError):  # the API server may have closed it
            self._connection.sock.shutdown(socket.SHUT_RDWR)  # which ends what the thread waits for
        self._thread.join(30)
        self._answer.close()
        self._connection.close()
