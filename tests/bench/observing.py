"""A program: observes the cluster of a kubeconfig into a Redis, as the bootstep of `worker-observe` does, and says when the picture is there."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

POLL_SECONDS = 0.02  # each look takes the interpreter from those who are measured
TESTS_OWN = ("twisted", "rich", "greenlet")  # structlog and redis import them where they are, and the product does not bring them


def main() -> None:
    sys.modules.update(dict.fromkeys(TESTS_OWN))
    import dashboard.celery  # noqa: F401  what the worker imports, so that the memory is the worker's
    from clusterview import garbage, workers
    from clusterview.kube import kubeconfigs
    from clusterview.observer.observing import Observer
    from clusterview.stream import keys, publishing
    from clusterview.stream.publishing import Publisher

    access = kubeconfigs.to_open([sys.argv[1]])[0]
    client = publishing.connect(url=sys.argv[2])
    garbage.return_blocks()
    workers.take_turns()
    garbage.collect_rarely()
    before = usage()
    began, cpu = time.monotonic(), time.process_time()
    observer = Observer(access=access, publisher_for=lambda epoch: Publisher(redis=publishing.connect(url=sys.argv[2]), cluster="large", epoch=epoch))
    observer.start()
    observer.grant(epoch=1)
    while not client.exists(keys.snapshot("large")):
        time.sleep(POLL_SECONDS)
    told = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu, "before": before, "peak": usage()}
    print(json.dumps({**told, "snapshot_bytes": client.strlen(keys.snapshot("large"))}), flush=True)
    threading.Event().wait()


def usage() -> int:
    """The most memory that the process ever had, in bytes. What `getrusage` says holds that of its parent too."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
