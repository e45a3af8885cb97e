"""What a delivery to one of many browsers costs, beside a C program that only writes, and beside Channels' own layers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from clusterview.practice.sizes import Size
from tests.bench import compiling, crowd, feed, feeding, layer, page
from tests.bench.table import Line
from tests.journeys.dashboard import ROOT
from tests.lab.fixtures import wait_until
from tests.ports import free_port

SOME, FRAMES = 1_000, 200
LAYER_PER_SECOND, LAYER_SECONDS = 10.0, 4.0


def measure() -> list[Line]:
    """Deliveries for each second of processor time of the web process and of Redis. The floor is a C program that writes to as many sockets; the peer
    a web server with Channels' own layers, whose consumer only sends on. The C program also writes what a relay of whole objects would have to.
    """
    event = feed.Pods(Size(nodes=5, pods=1), now=time.time()).write(0, ready=True)
    with crowd.served(sessions=1) as (web, folder):
        with crowd.crowd(web, folder, count=SOME) as seen:
            crowd.wait_for_sockets(web.sockets, SOME)
            time.sleep(2)
            before = web.cpu_seconds() + web.redis.cpu_seconds()
            for number in range(FRAMES):
                web.publish([crowd.noise(number)])
                time.sleep(0.04)
            time.sleep(2)
            used = web.cpu_seconds() + web.redis.cpu_seconds() - before
        arrived = seen.bytes / SOME / crowd.FRAME_BYTES
        ours = SOME * min(FRAMES, arrived) / used
        floor, whole = (written_by_c(folder, size=size) for size in (crowd.FRAME_BYTES, len(event)))
        core, lost = through_layer("core", folder)
        pubsub, _ = through_layer("pubsub", folder)
    return [
        Line("deliveries of 2 kB for each second of a core", ours, "/s", floor, core, "≥ 35,000", ours >= 35_000),
        Line("as many times as channels_redis", ours / core, "", goal="≥ 20", met=ours >= 20 * core),
        Line("as many times as its pub/sub layer", ours / pubsub, "", peer=1.0),
        Line(f"the same; peer: whole objects ({len(event) / 1000:.1f} kB), written by that C program", ours, "/s", None, whole),
        Line("frames that each browser got", min(arrived, FRAMES), "", goal="all", met=arrived >= FRAMES),
        Line(f"share that channels_redis lost at {LAYER_PER_SECOND:.0f} a second", None, "%", peer=100 * lost),
    ]


def written_by_c(folder: Path, *, size: int) -> float:
    """Deliveries for each second of processor time of a program that does nothing else."""
    line = [str(compiling.program("fanout")), str(SOME), str(size)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with page.crowd(SOME, folder=folder, url=f"http://127.0.0.1:{int(process.stdout.readline())}", cookies=[""], hello=b"hello"):
            assert process.stdout.readline() == "ready\n"
            for _ in range(FRAMES):
                process.stdin.write("x")
                process.stdin.flush()
                time.sleep(0.01)
            return SOME * FRAMES / (int(process.communicate(timeout=30)[0]) / 1e6)


def through_layer(backend: str, folder: Path) -> tuple[float, float]:
    """Deliveries for each second of processor time of a web server and of Redis, and the share that was lost."""
    port = free_port()
    with feeding.redis() as redis:
        line = [sys.executable, "-m", "uvicorn", "tests.bench.layer:application", "--port", str(port), "--log-level", "warning"]
        line += ["--loop", "uvloop", "--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--lifespan", "off"]
        with subprocess.Popen(line, cwd=ROOT, env=os.environ | {"LAYER": backend, "LAYER_REDIS": redis.url}) as process:
            try:
                here = psutil.Process(process.pid)
                wait_until(lambda: sockets_of(here, psutil.CONN_LISTEN, port=port) == 1, seconds=20, what="the peer listens")
                with page.crowd(SOME, folder=folder, url=f"http://127.0.0.1:{port}", cookies=[""], hello=b"hello") as seen:
                    crowd.wait_for_sockets(lambda: sockets_of(here, port=port), SOME)
                    time.sleep(2)
                    before = feeding.cpu_seconds(process.pid) + redis.cpu_seconds()
                    frames = int(LAYER_SECONDS * LAYER_PER_SECOND)
                    asyncio.run(layer.send(backend=backend, redis_url=redis.url, frames=frames, per_second=LAYER_PER_SECOND, size=crowd.FRAME_BYTES))
                    time.sleep(2)
                    used = feeding.cpu_seconds(process.pid) + redis.cpu_seconds() - before
            finally:
                process.kill()
    got = seen.bytes / crowd.FRAME_BYTES
    return got / used, max(0.0, 1 - got / (SOME * frames))


def sockets_of(process: psutil.Process, state: str = psutil.CONN_ESTABLISHED, *, port: int) -> int:
    """How many connections in this state a process holds at its port."""
    return sum(one.status == state and one.laddr.port == port for one in process.net_connections("tcp"))
