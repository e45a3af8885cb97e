"""A practice cluster that outlives its process: everything that is, written to one file now and then, and read again at the next start.

The history is not kept. The version goes on far beyond whatever was given out after the last writing, so that a client that resumes is told
to list anew (410) and never sees two objects under one version; names and uids are the same as before, kube-system's above all, by which
the cluster is known.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from clusterview.practice.objects import Object
from clusterview.practice.resources import BY_KIND, EVENTS, LEASES
from clusterview.practice.store import Event, Store

FORMAT = 1
LEAP = 1_000_000
PAUSE_SECONDS = 2.0
UNIMPORTANT = (EVENTS, LEASES)


def read(path: Path, *, story: str) -> Store | None:
    """This will read a cluster of this story; None where there is none, of this form or of this story."""
    try:
        found: Any = msgspec.json.decode(path.read_bytes())
        if found["format"] != FORMAT or found["story"] != story:
            return None
        store = Store(version=int(found["version"]) + LEAP)
        for item in found["objects"]:
            store.load(BY_KIND[(item["apiVersion"], item["kind"])], item)
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None
    return store


def write(path: Path, store: Store, *, story: str) -> None:
    """This will write everything at once, readable by its owner only."""
    objects: list[Object] = [item for _, item in store.everything()]
    draft = path.with_name(f"{path.name}.draft")  # one name, so that what a killed process left is written over
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode({"format": FORMAT, "story": story, "version": store.version, "objects": objects}))
    draft.replace(path)


class Keeper:
    """Knows whether there is something to write. Heartbeats alone are nothing."""

    def __init__(self, path: Path, store: Store, *, story: str) -> None:
        self._path, self._store, self._story = path, store, story
        self._changed = True
        self._next_at = 0.0
        store.listeners.append(self._hear)

    def _hear(self, event: Event) -> None:
        self._changed = self._changed or event.resource not in UNIMPORTANT

    def keep(self, *, now: float, at_once: bool = False) -> None:
        """This will write, unless nothing changed or it was written a moment ago."""
        if at_once or (self._changed and now >= self._next_at):
            write(self._path, self._store, story=self._story)
            self._changed, self._next_at = False, now + PAUSE_SECONDS
