"""The proxy before the lab's API server: it ends TLS on both sides, so that faults can know requests and the lines of a watch.

It is a Proxy whose server is itself: the bytes of a connection go through the TCP faults into one end of a pair of sockets, and at the other
end stands its HTTP side. Clients trust the certificate that it makes for itself, by the kubeconfigs it hands out.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path

from tests.faults.flows import Connection
from tests.faults.proxy import ANSWER_SECONDS, HOST, Proxy
from tests.faults.serving import Server
from tests.faults.timeline import Handle
from tests.faults.upstream import Upstream
from tests.lab.cluster import Cluster

HTTP_1_1 = ["http/1.1"]


class ApiProxy(Proxy):
    """A proxy before a lab's API server. Takes the faults of `tcp`, `requests` and `watches`.

    `target_port` is another way to the API server: that of a Proxy, whose faults then happen between this proxy and the API server.
    """

    def __init__(self, *, lab: Cluster, target_port: int | None = None, seed: int = 0, timeline: Path | None = None) -> None:
        super().__init__(target_port=target_port or lab.port, seed=seed, timeline=timeline)
        self._lab = lab
        self._folder = tempfile.TemporaryDirectory(prefix="fault-proxy-")
        self._server = Server(
            faults=self.faults, upstream=Upstream(port=self.target_port, context=_trusting(lab)), context=_identity(folder=Path(self._folder.name))
        )
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def requests(self) -> list[tuple[str, str]]:
        """(method, path with query) of every request that came, in order."""
        return self._server.requests

    def kubeconfig(self, *, user: str) -> Path:
        """The lab's kubeconfig of this user, with the proxy as its server. The file is there until `stop`."""
        config = json.loads(self._lab.token_kubeconfig(user).read_text())
        authority = (Path(self._folder.name) / "proxy.crt").read_bytes()
        cluster = {"server": f"https://{HOST}:{self.port}", "certificate-authority-data": base64.b64encode(authority).decode()}
        config["clusters"][0]["cluster"] = cluster
        path = Path(self._folder.name) / f"{user.replace(':', '-')}.kubeconfig"
        path.write_text(json.dumps(config))
        path.chmod(0o600)
        return path

    def release(self, handle: Handle) -> list[int]:
        """This will deliver what a `Delay` holds, and let pass at once what it takes from now on. Gives the API server's status for each request,
        0 where it could not be asked.
        """

        async def deliver() -> list[int]:
            handle.released.set()
            return await asyncio.wait_for(asyncio.gather(*handle.orphans), ANSWER_SECONDS)

        return self.within(deliver())

    def stop(self) -> None:
        """This will end every connection and the thread. What a `Delay` still holds is never delivered."""
        super().stop()
        self._folder.cleanup()

    async def dial(self, connection: Connection) -> socket.socket:
        """One end of a pair of sockets; at the other one the client is answered."""
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        task = asyncio.create_task(self._server.serve(connection, far))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        task.add_done_callback(lambda _: far.close())
        return near


def _identity(*, folder: Path) -> ssl.SSLContext:
    """A certificate for 127.0.0.1 which is its own authority: `proxy.crt` in this folder."""
    certificate, key = folder / "proxy.crt", folder / "proxy.key"
    line = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=fault proxy",
        "-addext",
        f"subjectAltName=IP:{HOST}",
    ]
    subprocess.run([*line, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(HTTP_1_1)
    return context


def _trusting(lab: Cluster) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(lab.state / "certs" / "apiserver.crt"))
    context.set_alpn_protocols(HTTP_1_1)
    return context
