"""Recordings of a cluster's stream, which pytest and vitest both read: the snapshots and changes that browsers were sent while the lab's shop
was scaled, switched, broken and mended. Each line of `NAME.frames` is a frame in base64, in the order of the stream, a snapshot after the
changes that it holds; `NAME.json` is the picture at the end. `python -m tests.streams.record` makes them anew, after a change of the protocol.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
SHOP = "shop"
