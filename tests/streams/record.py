"""Records what browsers are sent while the lab's shop goes through a day's events. Run as a module: `python -m tests.streams.record`."""

from __future__ import annotations

import base64
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from clusterview.observer.keeping import Keeper
from clusterview.stream import encoding, keys, publishing, rows
from tests.lab.cluster import Cluster
from tests.lab.fixtures import free_ports, settle, wait_until, with_shop
from tests.observer.reading import Page, access_of
from tests.redis_servers import RedisServer
from tests.streams import FOLDER, SHOP

APPS, CORE = "/apis/apps/v1/namespaces/store/deployments/", "/api/v1/namespaces/store/"


class Recorder:
    """Collects snapshots as they are renewed; what lies between them is in the stream at the end."""

    def __init__(self, *, page: Page, cluster: str) -> None:
        self._page, self._cluster = page, cluster
        self._snapshots: dict[int, bytes] = {}

    def take(self) -> int:
        """This will keep the snapshot that there is now, and give its place in the one epoch that there is."""
        frame = self._page.client.get(keys.snapshot(self._cluster))
        assert isinstance(frame, bytes)
        sequence = encoding.decode_snapshot(frame).position.sequence
        self._snapshots[sequence] = frame
        return sequence

    def checkpoint(self) -> None:
        """This will wait for a snapshot of all that has happened so far."""
        reached = self._page.position().sequence
        wait_until(lambda: self.take() >= reached, seconds=20, what="there is a later snapshot")

    def frames(self) -> list[bytes]:
        """Everything from the first snapshot to the last, in order."""
        first, last = min(self._snapshots), max(self._snapshots)
        snapshots = [(sequence, 1, frame) for sequence, frame in self._snapshots.items()]
        stream = self._page.client.xrange(keys.topology(self._cluster))
        entries = [(keys.position_of(entry).sequence, 0, fields[keys.FRAME]) for entry, fields in stream]
        return [frame for _, _, frame in sorted([*snapshots, *(one for one in entries if first < one[0] <= last)])]


def day(lab: Cluster) -> list[Callable[[], Any]]:
    """What happens, one thing after the other."""

    def pods(slot: str) -> list[dict[str, Any]]:
        return list(lab.get(f"{CORE}pods?labelSelector=slot%3D{slot}")["items"])

    def sized(slot: str, wanted: int) -> None:
        lab.patch(f"{APPS}shop-{slot}", {"spec": {"replicas": wanted}})
        found = f"{APPS}shop-{slot}"
        wait_until(lambda: lab.get(found)["status"].get("readyReplicas") == wanted == len(pods(slot)), seconds=60, what=f"{wanted} {slot}")

    def live(slot: str) -> None:
        lab.patch(f"{CORE}services/shop", {"spec": {"selector": {"app": "shop", "slot": slot}}})

    def restarted() -> None:
        pod = pods("blue")[0]
        statuses = [status | {"restartCount": 2} for status in pod["status"]["containerStatuses"]]
        lab.patch(f"{CORE}pods/{pod['metadata']['name']}/status", {"status": {"containerStatuses": statuses}})

    def rolled_out() -> None:
        lab.kubectl("-n", "store", "set", "env", "deployment/shop-green", "TRIED=again")
        lab.kubectl("-n", "store", "rollout", "status", "deployment/shop-green", "--timeout=60s")

    return [
        lambda: sized("green", 5),
        lambda: live("green"),
        lambda: lab.kubectl("-n", "store", "delete", "pod", pods("green")[0]["metadata"]["name"], "--wait=true"),
        lambda: lab.kubectl("cordon", "node-1"),
        restarted,
        rolled_out,
        lambda: lab.kubectl("create", "namespace", "passing"),
        lambda: lab.kubectl("uncordon", "node-1"),
        lambda: lab.kubectl("delete", "namespace", "passing", "--wait=false"),
        lambda: live("blue"),
        lambda: sized("green", 3),
        lambda: settle(lab=lab),
    ]


def main() -> None:
    publishing.SNAPSHOT_SECONDS, publishing.SNAPSHOT_BYTES = 0.5, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = RedisServer(folder=folder)
        server.start()
        with with_shop(Cluster(state=folder / "lab", port=free_ports())) as lab:
            access = access_of(lab.kubeconfig)
            keeper = Keeper(access=access, redis_url=server.url)
            keeper.start()
            try:
                page = Page(url=server.url, cluster=access.id)
                wait_until(lambda: page.state() == "live", seconds=30, what="live")
                recorder = Recorder(page=page, cluster=access.id)
                recorder.take()
                for happen in day(lab):
                    happen()
                    recorder.checkpoint()
                frames = recorder.frames()
            finally:
                keeper.stop()
                server.kill()
    write(frames)


def write(frames: list[bytes]) -> None:
    """This will write down the frames and the picture at their end."""
    (FOLDER / f"{SHOP}.frames").write_text("".join(f"{base64.b64encode(frame).decode()}\n" for frame in frames))
    end = rows.Reader(whole=encoding.unpack(encoding.decode_snapshot(frames[-1]).body)).picture
    plain = sorted(msgspec.to_builtins(list(end.objects.values())), key=lambda one: one["uid"])
    (FOLDER / f"{SHOP}.json").write_bytes(msgspec.json.format(msgspec.json.encode(plain), indent=1) + b"\n")
    print(f"{len(frames)} frames, {sum(map(len, frames))} bytes, {len(plain)} objects")


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.0f} s")
