"""A cluster in memory that is listed and watched through the reflector's own connection, and whose answers go wrong on the way.

Every object carries the number of its last write in a label, so that whoever sees it can tell whether that was ever true, and in order.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from clusterview.kube import errors, streaming
from clusterview.kube.connections import Answer
from clusterview.kube.kinds import KindSpec, named

SPECS: tuple[KindSpec, ...] = tuple(named(kind) for kind in ("Node", "Pod", "Service", "Deployment"))
NAMES = 60
REMEMBERED_EVENTS = 2_000
WRITE = "write"  # the label
WATCH_TROUBLES = ("twice", "lost", "swapped", "truncated", "corrupted", "410", "500", "cut")
ASKING_TROUBLES = (429, 500, 503, 410)


class World:
    """What there is, what was ever written, and what a watch from some version on would tell."""

    def __init__(self, *, random: Random) -> None:
        self._random = random
        self.version = 1
        self.objects: dict[str, dict[str, dict[str, Any]]] = {spec.path: {} for spec in SPECS}
        self.writes: defaultdict[str, list[int]] = defaultdict(list)
        self._history: dict[str, list[tuple[int, bytes]]] = {spec.path: [] for spec in SPECS}
        self._forgotten = {spec.path: 0 for spec in SPECS}

    def write(self) -> None:
        """One object comes, changes, goes, or is made again under its name."""
        spec = self._random.choices(SPECS, weights=(1, 6, 1, 1))[0]
        name = f"n{self._random.randrange(NAMES)}"
        there, chance = self.objects[spec.path], self._random.random()
        self.version += 1
        if name in there and chance < 0.25:
            gone = there.pop(name)
            gone["metadata"]["resourceVersion"] = str(self.version)
            self._note(spec, "DELETED", gone)
            if chance > 0.1:
                return
            self.version += 1
        uid = there[name]["metadata"]["uid"] if name in there else str(uuid.uuid5(uuid.NAMESPACE_OID, f"{spec.kind}-{name}-{self.version}"))
        event = "MODIFIED" if name in there else "ADDED"
        there[name] = self._object(spec, name, uid)
        self.writes[uid].append(self.version)
        self._note(spec, event, there[name])

    def _object(self, spec: KindSpec, name: str, uid: str) -> dict[str, Any]:
        labels = {WRITE: str(self.version), "app": self._random.choice("xyz")}
        metadata = {"uid": uid, "name": name, "resourceVersion": str(self.version), "labels": labels}
        body: dict[str, Any] = {"metadata": metadata | ({"namespace": "shop"} if spec.namespaced else {})}
        if spec.kind == "Pod":
            body |= {"spec": {"nodeName": f"n{self._random.randrange(NAMES)}"}, "status": {"phase": "Running"}}
        elif spec.kind == "Service":
            body["spec"] = {"selector": {"app": self._random.choice("xyz")}}
        return body

    def _note(self, spec: KindSpec, event: str, item: dict[str, Any]) -> None:
        history = self._history[spec.path]
        history.append((self.version, json.dumps({"type": event, "object": item}).encode()))
        if len(history) > 2 * REMEMBERED_EVENTS:
            self._forgotten[spec.path] = history[REMEMBERED_EVENTS - 1][0]
            del history[:REMEMBERED_EVENTS]

    def initial(self, path: str) -> list[bytes]:
        """What a watch tells first that is asked for everything: each object, and that this was all."""
        objects = [json.dumps({"type": "ADDED", "object": item}).encode() for item in self.objects[path].values()]
        metadata = {"resourceVersion": str(self.version), "annotations": {streaming.END: "true"}}
        return [*objects, json.dumps({"type": "BOOKMARK", "object": {"metadata": metadata}}).encode()]

    def since(self, path: str, version: int) -> list[bytes]:
        """The events after a version. Raises Gone where they are forgotten."""
        if version < self._forgotten[path]:
            raise failure(410)
        history, first = self._history[path], len(self._history[path])
        while first and history[first - 1][0] > version:
            first -= 1
        return [line for _, line in history[first:]]


class Wire:
    """The reflector's connection to the world. `share` of the answers and events go wrong."""

    def __init__(self, *, world: World, random: Random, share: float) -> None:
        self._world, self._random, self.share = world, random, share
        self.troubles = 0

    def sibling(self, *, size: int = 1) -> Wire:
        return self

    def interrupt(self) -> None:
        """Nobody waits: a stream ends when it has told what there is."""

    close = interrupt

    def request(self, method: str, path: str, *, query: Sequence[tuple[str, str]], into: bytearray, **_: Any) -> Answer:
        asked, items = dict(query), [*self._world.objects[path].values()]
        if self._is_struck():
            raise failure(self._random.choice(ASKING_TROUBLES))
        start, limit = int(asked.get("continue", 0)), int(asked["limit"])
        rest = len(items) - start - limit
        metadata = {"resourceVersion": str(self._world.version)}
        if rest > 0:
            metadata |= {"continue": str(start + limit), "remainingItemCount": rest}  # type: ignore[dict-item]
        into[:] = json.dumps({"metadata": metadata, "items": items[start : start + limit]}).encode()
        return Answer(200, {}, b"")

    def stream(self, path: str, *, query: Sequence[tuple[str, str]], **_: Any) -> Wire.Stream:
        if self._is_struck():
            raise failure(self._random.choice(ASKING_TROUBLES))
        asked = dict(query)
        is_list = "sendInitialEvents" in asked
        return Wire.Stream(self, self._world.initial(path) if is_list else self._world.since(path, int(asked["resourceVersion"])))

    def _is_struck(self) -> bool:
        struck = self.share > 0 and self._random.random() < self.share
        self.troubles += struck
        return struck

    class Stream:
        """A watch that tells what happened until now, and then is silent."""

        def __init__(self, wire: Wire, events: list[bytes]) -> None:
            self._wire, self._events = wire, events

        def lines(self, *, limit_bytes: int) -> Iterator[bytes]:
            kept = b""
            for event in self._events:
                trouble = self._wire._random.choice(WATCH_TROUBLES) if self._wire._is_struck() else ""
                if trouble == "swapped" and not kept:
                    kept = event
                    continue
                yield from struck(event, trouble)
                if kept:
                    yield kept
                    kept = b""
            raise errors.TimedOut("nothing more has happened")

        def close(self) -> None:
            """Nothing is open."""


def struck(event: bytes, trouble: str) -> Iterator[bytes]:
    """This will give what a trouble makes of an event. Raises BrokenAnswer where the stream ends."""
    match trouble:
        case "lost":
            return
        case "truncated" | "cut":
            raise errors.BrokenAnswer("the stream ended in the middle of a line")
        case "corrupted":
            yield event[: len(event) // 2] + b"\xff"
        case "410" | "500":
            yield json.dumps({"type": "ERROR", "object": {"code": int(trouble)}}).encode()
        case "twice":
            yield event
    yield event


def failure(code: int) -> errors.KubeError:
    return errors.of_answer(status=code, headers={}, body=b"", method="GET", path="/")
