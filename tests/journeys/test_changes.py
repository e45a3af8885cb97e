"""A change in the cluster reaches every viewer, and how soon is printed beside what a bare watch of the same change needs."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from typing import Any

import httpx
import msgspec
import pytest
from websockets.sync.client import connect

from clusterview.stream.messages import WHOLE
from tests.journeys.dashboard import Dashboard, wait_for
from tests.lab.bare import BareWatch

pytestmark = pytest.mark.browser

CHANGES = 60
LABEL = "told"


class Viewer:
    """A browser's socket without the browser: when each value of the label arrived."""

    def __init__(self, *, dashboard: Dashboard, cookies: dict[str, str], cluster: str) -> None:
        self.arrived: dict[str, float] = {}
        self.ready = threading.Event()
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        address = dashboard.url.replace("http", "ws", 1) + "/ws/live"
        self._held = contextlib.ExitStack()
        opened = connect(address, origin=dashboard.url, additional_headers={"Cookie": cookie}, max_size=None)  # type: ignore[arg-type]
        self._socket = self._held.enter_context(opened)
        self._socket.send(msgspec.msgpack.encode({"type": "hello", "cluster": cluster, "view": WHOLE, "resume": None}))
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        assert self.ready.wait(10)

    def _read(self) -> None:
        while len(self.arrived) < CHANGES:
            frame = self._socket.recv(timeout=30)
            now = time.perf_counter()
            message = msgspec.msgpack.decode(frame)
            if message["type"] == "snapshot":
                self.ready.set()
            for change in message.get("changes", []):
                if told := change.get("object", {}).get("labels", {}).get(LABEL):
                    self.arrived.setdefault(told, now)

    def close(self) -> None:
        self._thread.join(30)
        self._held.close()


def test_every_change_reaches_a_viewer_and_how_soon_is_printed(
    dashboard: Dashboard,
    administrator_state: dict[str, Any],
    cluster_id: str,
    cluster: Any,
    cluster_shop: Any,
    operator: httpx.Client,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wait_for(lambda: operator.get("/clusters").json()[0]["state"] == "live", seconds=30, what="live")
    pod = cluster.get("/api/v1/namespaces/store/pods?labelSelector=slot%3Dblue")["items"][0]["metadata"]["name"]
    viewer = Viewer(
        dashboard=dashboard, cookies={one["name"]: one["value"] for one in administrator_state["cookies"]}, cluster=cluster_id
    )
    arrived: dict[str, float] = {}

    def take(seen: dict[str, Any], now: float) -> None:
        if told := (seen["metadata"].get("labels") or {}).get(LABEL):
            arrived.setdefault(told, now)

    bare = BareWatch(cluster, path=f"/api/v1/namespaces/store/pods?watch=1&fieldSelector=metadata.name%3D{pod}", take=take)
    sent = [str(number) for number in range(CHANGES)]
    try:
        for value in sent:
            cluster.patch(f"/api/v1/namespaces/store/pods/{pod}", {"metadata": {"labels": {LABEL: value}}})
            wait_for(lambda: value in viewer.arrived and value in arrived, seconds=10, what=f"change {value} at the viewer")  # noqa: B023
    finally:
        viewer.close()
        bare.close()
        cluster.patch(f"/api/v1/namespaces/store/pods/{pod}", {"metadata": {"labels": {LABEL: None}}})
    assert list(viewer.arrived) == sent
    behind = sorted(1000 * (viewer.arrived[value] - arrived[value]) for value in sent)
    with capsys.disabled():
        print(
            f"\nchange to viewer, after a bare watch has it: p50 {statistics.median(behind):.1f} ms, "
            f"p95 {behind[int(0.95 * CHANGES)]:.1f} ms, {CHANGES} changes"
        )
