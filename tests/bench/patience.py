"""8,000 events a second against a server that drops a watcher whose buffer of 100 events stays full for 100 ms."""

from __future__ import annotations

from tests.bench import feeding
from tests.bench.table import Line

RATE, SECONDS = 8_000.0, 20.0


def measure(*, seconds: float = SECONDS) -> list[Line]:
    """This will observe the feed in a process of its own and churn for so long."""
    with feeding.feed() as fed, feeding.redis() as redis, feeding.observer(fed, redis_url=redis.url) as (_, pid):
        before = feeding.cpu_seconds(pid)
        told = fed.churn(rate=RATE, seconds=seconds)
        used = feeding.cpu_seconds(pid) - before
    ended = told["ended_watches"]
    return [
        Line("events a second that were written", told["sent"] / told["seconds"], "/s"),
        Line("watches ended for slowness", ended, "", goal="0", met=ended == 0),
        Line("the observer's share of a core", 100 * used / told["seconds"], "%"),
    ]
