"""One line of a preflight, as a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import msgspec

from clusterview.topology import objects
from clusterview.traffic.situations import Situation


class Level(StrEnum):
    OK = "ok"
    INFO = "info"
    WARN = "warn"
    BLOCK = "block"


# Params that only tell of the objects concerned, of which fewer are well, or of how many nodes: that changes with each pod.
OF_OBJECTS = frozenset({"names", "services", "group", "count", "said", "shared", "nodes"})
OPTIONAL = frozenset({"shared-config"})  # what may be ticked although nothing waits for it, so that it is written down who looked


class Ref(msgspec.Struct, frozen=True):
    """An object that a check speaks about."""

    kind: str
    namespace: str
    name: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a preflight: what was looked at, how it stands, the words' values and the objects concerned."""

    code: str
    level: Level
    params: dict[str, str] = {}
    objects: tuple[Ref, ...] = ()

    @property
    def says(self) -> dict[str, str]:
        """The values of its words that a tick is for, beside the objects."""
        return {name: value for name, value in self.params.items() if name not in OF_OBJECTS}

    @property
    def has_tick(self) -> bool:
        return self.level is Level.WARN or (self.level is Level.INFO and self.code in OPTIONAL)


Looks = tuple[Callable[[Situation], Iterator[Check]], ...]


def refs(found: Iterable[objects.AnyRecord]) -> tuple[Ref, ...]:
    """The records as objects concerned, by name."""
    return tuple(Ref(str(objects.kind_of(one)), one.namespace, one.name) for one in sorted(found, key=lambda one: one.name))


def service_of(situation: Situation) -> Ref:
    return Ref("Service", situation.service.namespace, situation.service.name)


def namespace_of(situation: Situation) -> Ref:
    return Ref("Namespace", "", situation.service.namespace)


def sides_of(situation: Situation) -> dict[str, str]:
    """The two values as words' values: `from` is live today, `to` gets the traffic."""
    return {"from": situation.from_selector.get(situation.key, ""), "to": situation.to_selector.get(situation.key, "")}
