"""Reads Server-Sent Events of `changes` as they come, but for how fresh the picture is, and applies them to a topology as a client of the REST API
would.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx

Place = tuple[int, int]
Link = tuple[str, str, str]


@dataclass(frozen=True)
class Told:
    """One event. `place` is its id, None for `restart`."""

    place: Place | None
    change: dict[str, Any]

    @property
    def kind(self) -> str:
        """Of the object that came or went, or of the link."""
        return str(self.change.get("object", self.change).get("kind"))


def place_of(text: str) -> Place:
    epoch, _, sequence = text.partition("-")
    return int(epoch), int(sequence)


class Listener:
    """One open stream, read by a thread until the end of a `with`. `why` says what else ended it."""

    def __init__(self, *, rest: httpx.Client, cluster: str, after: Place | None = None) -> None:
        self.events: list[Told] = []
        self.why = ""
        self.opened = threading.Event()
        self._rest, self._path = rest, f"/clusters/{cluster}/changes"
        self._headers = {"Last-Event-ID": f"{after[0]}-{after[1]}"} if after else {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self.opened.wait(40), "the stream was not opened"

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        """The thread reads no further. It ends with the next line, which comes every fifteen seconds at the latest, or when the server does."""
        self._closing.set()

    def _read(self) -> None:
        try:
            with self._rest.stream("GET", self._path, headers=self._headers, timeout=httpx.Timeout(10, read=60)) as answer:
                self._follow(answer)
        except httpx.HTTPError as problem:
            self.why = repr(problem)
        else:
            self.why = "" if self._closing.is_set() else "the server has ended it"

    def _follow(self, answer: httpx.Response) -> None:
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            self.opened.set()
            if self._closing.is_set():
                return
            name, _, value = line.partition(": ")
            if line and name:
                event[name] = value
            elif event:
                self._hear(event)
                event = {}

    def _hear(self, event: dict[str, str]) -> None:
        if "data" in event and event.get("event") != "contact":
            self.events.append(Told(place_of(event["id"]) if "id" in event else None, json.loads(event["data"])))

    @property
    def place(self) -> Place:
        """The id of the newest event, from which another reader goes on."""
        return next((told.place for told in reversed(self.events) if told.place), (0, 0))


@dataclass
class Topology:
    """Objects by uid and links, at a place."""

    place: Place
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: set[Link] = field(default_factory=set)

    @classmethod
    def read(cls, *, rest: httpx.Client, cluster: str) -> Topology:
        told = rest.get(f"/clusters/{cluster}/topology").json()
        links = {(one["kind"], one["source"], one["target"]) for one in told["links"]}
        return cls((told["epoch"], told["sequence"]), {one["uid"]: one for one in told["objects"]}, links)

    def apply(self, events: list[Told], *, until: Place) -> None:
        """This will bring it forward to a place: all events of a step but its last carry the place before the step."""
        for told in events:
            if self.place == until:
                return
            assert told.place is not None, "the reader was told to start again"
            change = told.change
            match change["op"]:
                case "put":
                    self.objects[change["object"]["uid"]] = change["object"]
                case "drop":
                    self.objects.pop(change["uid"], None)
                case "link":
                    self.links.add((change["kind"], change["source"], change["target"]))
                case "unlink":
                    self.links.discard((change["kind"], change["source"], change["target"]))
            self.place = max(self.place, told.place)
