"""An observer in a process of its own, so that a test can kill it: `python -m tests.observer.alone KUBECONFIG REDIS_URL`."""

from __future__ import annotations

import sys
from pathlib import Path

from clusterview.observer.keeping import Keeper
from tests.observer.reading import access_of

if __name__ == "__main__":
    keeper = Keeper(access=access_of(Path(sys.argv[1])), redis_url=sys.argv[2])
    keeper.start()
    sys.stdin.read()  # until the test ends it, or ends
    keeper.stop()
