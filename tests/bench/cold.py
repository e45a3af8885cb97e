"""From nothing to a picture of 150,000 pods: the first request to the snapshot served. And what memory that takes.

The floor reads the same bytes and throws them away. The peer lists pods with the official client, typed, keeping five fields; it would take minutes,
so it reads a fiftieth, and its time and memory are said for all.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
import urllib.parse

from tests.bench import feeding
from tests.bench.table import Line
from tests.journeys.dashboard import ROOT

PAGE, TYPED_PODS = 500, 3_000
MEGABYTE = 1_000_000
KINDS = (
    "/api/v1/pods", "/api/v1/nodes", "/api/v1/services", "/apis/apps/v1/deployments", "/apis/apps/v1/replicasets",
    "/apis/discovery.k8s.io/v1/endpointslices",
)  # fmt: skip
TYPED = """
import sys, time
from kubernetes import client
def peak():
    return 1024 * int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
configuration = client.Configuration()
configuration.host = sys.argv[1]
api = client.CoreV1Api(client.ApiClient(configuration))
before, began, kept, token = peak(), time.monotonic(), [], None
while len(kept) < int(sys.argv[2]):
    page = api.list_pod_for_all_namespaces(limit=500, _continue=token)
    kept += page.items
    token = page.metadata._continue
five = [(pod.metadata.uid, pod.metadata.name, pod.spec.node_name, pod.status.phase, pod.metadata.resource_version) for pod in kept]
print(time.monotonic() - began, peak() - before)
"""


def measure() -> list[Line]:
    """This will read the feed in all three ways."""
    return [*run()[:2]]


def measure_memory() -> list[Line]:
    """The same run, told as memory."""
    return [*run()[2:]]


def run() -> list[Line]:
    with feeding.feed() as fed, feeding.redis() as redis:
        read(fed)  # the feed keeps its pages from the first time on
        floor, size = read(fed)
        with feeding.observer(fed, redis_url=redis.url) as (ours, _):
            pass
        typed_seconds, typed_bytes = typed(fed)
    seconds, share = ours["seconds"], feeding.PODS / TYPED_PODS
    each, typed_each = (ours["peak"] - ours["before"]) / feeding.PODS, typed_bytes / TYPED_PODS
    is_fast = seconds <= 2.5 and seconds <= 4 * floor and share * typed_seconds >= 40 * seconds
    is_small = ours["peak"] <= 160 * MEGABYTE and each <= 256 and typed_each >= 300 * each
    return [
        Line(
            f"150,000 pods ({size / MEGABYTE:.0f} MB) to the first snapshot", seconds, "s", floor, share * typed_seconds,
            "≤ 2.5 s, ≤ 4x floor, ≥ 40x peer", is_fast,
        ),
        Line("its processor time", ours["cpu"], "s"),
        Line("memory at most", ours["peak"] / MEGABYTE, "MB", ours["before"] / MEGABYTE, share * typed_bytes / MEGABYTE, "≤ 160 MB", is_small),
        Line("for each pod, beyond an idle observer", each, "B", None, typed_each, "≤ 256 B, ≥ 300x less than typed", is_small),
    ]


def read(fed: feeding.Feed) -> tuple[float, int]:
    """How long it takes to read every page, and how many bytes that are."""
    where = urllib.parse.urlsplit(fed.url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port)
    began, size, buffer = time.monotonic(), 0, memoryview(bytearray(1 << 18))
    for path in KINDS:
        first, more = 0, True
        while more:
            connection.request("GET", f"{path}?limit={PAGE}" + (f"&continue={first}" if first else ""))
            answer = connection.getresponse()
            head = answer.read(300)
            size, first, more = size + len(head), first + PAGE, b'"continue"' in head
            while count := answer.readinto(buffer):
                size += count
    return time.monotonic() - began, size


def typed(fed: feeding.Feed) -> tuple[float, float]:
    """Seconds and bytes of the official client for a fiftieth."""
    done = subprocess.run([sys.executable, "-c", TYPED, fed.url, str(TYPED_PODS)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    seconds, size = done.stdout.split()
    return float(seconds), float(size)
