"""`python -m tests.dashboard.stand_in STATE CHILDREN`: a supervisor like `up`'s, with tiny children given as JSON {name: command line}.

A name that begins with "base" is a foundation.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from dashboard import options, supervising


async def supervise(*, asked: options.Options, lines: dict[str, list[str]], lock: int) -> None:
    supervisor = supervising.Supervisor(
        environment=dict(os.environ), report=asked.report, folder=Path.cwd(), facts={"url": asked.url}, held=(lock,)
    )
    supervisor.start(*(supervising.Child(name=name, line=line, foundation=name.startswith("base")) for name, line in lines.items()))
    await supervising.wait_for_signal(numbers=(signal.SIGTERM,))
    await supervisor.stop()


if __name__ == "__main__":
    supervising.PATIENCE_SECONDS = 0.5
    asked = options.read(arguments=[], state=Path(sys.argv[1]))
    with options.hold(options=asked) as held:
        asyncio.run(supervise(asked=asked, lines=json.loads(sys.argv[2]), lock=held.fileno()))
