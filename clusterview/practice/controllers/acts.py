"""What a controller can say: which objects to make, replace or delete, what to tell as an Event, and when to be asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from clusterview.practice.objects import Object
from clusterview.practice.resources import Resource
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import Timing

Key = tuple[str, str]
"""Namespace and name of what a controller looks after."""


@dataclass(frozen=True)
class Make:
    """Create an object. `saying` is recorded afterwards; where its message has `{name}`, the name that the object was given."""

    resource: Resource
    item: Object
    saying: Say | None = None


@dataclass(frozen=True)
class Put:
    """Replace an object, spec, status and metadata alike; with `settled`, in a way from which nothing follows."""

    resource: Resource
    item: Object
    settled: bool = False


@dataclass(frozen=True)
class Drop:
    """Delete an object as a client does; with `at_once`, take it away now, as a kubelet does with a pod that has ended."""

    resource: Resource
    item: Object
    at_once: bool = False


@dataclass(frozen=True)
class Say:
    """Record an Event about an object."""

    about: Object
    reason: str
    message: str
    component: str
    warning: bool = False


Act = Make | Put | Drop | Say


@dataclass(frozen=True)
class Outcome:
    """`again_at` is the time at which to look again even when nothing happens."""

    acts: tuple[Act, ...] = ()
    again_at: float | None = None


NOTHING = Outcome()


@dataclass(frozen=True)
class Controller:
    """`concerns` tells which of its objects an event is about; `reconcile` tells what to do for one of them."""

    name: str
    concerns: Callable[[Store, Event], Iterable[Key]]
    reconcile: Callable[[Store, Key, float, Timing], Outcome]
