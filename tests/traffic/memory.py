"""An API server in memory with one Service and two sides, as far as a switch can tell it from a real one.

It keeps every version of the Service, applies JSON Patch with its tests, answers 200 to a patch that changes nothing and keeps the version then,
forgets its history when it is told to, and writes down each write. Endpoints follow the selector at once or when they are let. Whoever calls may
be held at each call and be given an order: to die there, to lose the answer, or to have the patch arrive later.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from clusterview.kube import errors, reading
from clusterview.topology import objects
from clusterview.traffic import convergence, looking, planning, selectors
from clusterview.traffic.situations import FieldOwner, Right, ServiceNow, Situation, SizeNow
from tests.traffic import judging, making
from tests.traffic.applying import apply
from tests.traffic.numbers import Numbered

BLUE, GREEN = making.BLUE, making.GREEN
SIDES = {"blue": BLUE, "green": GREEN}


class Order(StrEnum):
    """What becomes of a call. `late` is a patch that nobody got an answer to and that still may arrive."""

    GO = "go"
    DIE = "die before"
    DIE_AFTER = "die after"
    FAIL = "unreachable"
    BUSY = "429"
    LOSE = "lost on the way"
    LOSE_AFTER = "answer lost"
    LATE = "late"
    TWICE = "sent twice on its way"
    TWICE_BUSY = "sent twice on its way, and 429 to the second"
    DENY = "denied by a webhook"
    STRANGER = "401"


class Died(BaseException):
    """The executor is no more."""


@dataclass(frozen=True)
class Sent:
    """An effect that somebody sent, how many seconds nobody of its new side had been ready then, and for how many each side was being rolled out."""

    marker: str
    at: datetime
    empty_for: float
    rolling_for: dict[str, float]


class Memory(looking.Cluster):
    """`hold` is called before each call with its name and returns the order; `moment` tells the time."""

    def __init__(self, *, hold: Callable[[str], Order], moment: Callable[[], datetime]) -> None:
        self._hold, self._moment = hold, moment
        self.retry_after_seconds = 1.0
        self._known = {}
        self._version, self._number = 100, 0
        self.writes: list[judging.Write] = []
        self.late: list[Callable[[], object]] = []
        self.autoscaler: Numbered | None = None
        self.sizes = {"blue": 2, "green": 2}
        self._rolling_since: dict[str, datetime] = {}
        self._resized = [(moment(), dict(self.sizes))]
        self._empty_since: dict[str, datetime] = {}
        self.may_patch, self.follows_at_once, self.is_known = True, True, True
        self.forbidden: frozenset[str] = frozenset()  # the reads that the account may not do
        self.endpoints: dict[str, str] = {}
        self.sent: list[Sent] = []
        self.create()

    # What others do to it

    def create(self) -> None:
        """A Service with another uid, in the place of the one before; that one's history ends with its deletion."""
        if self._number:
            self._versions.append((self._next(), self._versions[-1][1], True))
        else:
            self._versions: list[tuple[int, dict[str, Any], bool]] = []
        self._number += 1
        self._store({"metadata": {"uid": f"uid-{self._number}"}, "spec": {"selector": dict(BLUE)}, "by": "kubectl"}, code=201)
        self.follow()

    def edit(self, change: Callable[[dict[str, Any]], None], *, by: str = "kubectl") -> None:
        """This will change the Service as somebody else does."""
        changed = copy.deepcopy(self.document)
        selector = dict(changed["spec"]["selector"])
        change(changed)
        if changed["spec"]["selector"] != selector:
            changed["by"] = by
        self._put(changed)

    def autoscale(self, *, least: int, most: int) -> Numbered:
        """From now on blue has an autoscaler."""
        self.autoscaler = Numbered(name="shop-blue", number=least, maximum=most, moment=self._moment)
        return self.autoscaler

    def scale(self, side: str, size: int) -> None:
        self.sizes[side] = size
        self._resized.append((self._moment(), dict(self.sizes)))
        if size:
            self._empty_since.pop(side, None)
        else:
            self._empty_since.setdefault(side, self._moment())
        if self.follows_at_once:
            self.follow()

    def roll_out(self, side: str, *, finished: bool = False) -> None:
        """A rollout begins, which the side's controller has not seen yet, or is finished."""
        if finished:
            self._rolling_since.pop(side, None)
        else:
            self._rolling_since.setdefault(side, self._moment())

    def follow(self) -> None:
        """The endpoints become those of the present selector."""
        self.endpoints = {pod.uid: pod.name for pod in self._pods() if selectors.matches(selector=self.selector, labels=pod.labels)}

    def forget(self) -> None:
        """Whoever asks for the history before now is told that it is gone."""
        self._versions = self._versions[-1:]

    def deliver(self) -> int:
        """The oldest patch that was held up arrives; returns the status."""
        late = self.late.pop(0)
        if not self.is_known:
            return 401
        try:
            late()
        except errors.Invalid:
            return 422
        return 200

    def was_as_large(self, *, side: dict[str, str], other: dict[str, str], since: datetime, until: datetime) -> bool:
        """Whether what one selector leads to had a ready pod, and as many as the other's, at some time in between."""
        later = [at for at, _ in self._resized[1:]] + [datetime.max.replace(tzinfo=until.tzinfo)]
        there = [sizes for (at, sizes), end in zip(self._resized, later, strict=True) if at <= until and end > since]
        return any(_ready(sizes, side) >= max(_ready(sizes, other), 1) for sizes in there)

    @property
    def document(self) -> dict[str, Any]:
        return self._versions[-1][1]

    @property
    def selector(self) -> dict[str, str]:
        return dict(self.document["spec"]["selector"])

    # What the product asks

    def identity(self) -> reading.Identity:
        return reading.Identity("the-cluster", is_weak=False)

    def service(self, *, namespace: str, name: str) -> ServiceNow:
        self._read("service")
        return self._now(*self._versions[-1][:2])

    def situation(
        self, *, service: ServiceNow, residents: looking.Residents, key: str, source: dict[str, str], target: dict[str, str], returning: bool = False
    ) -> Situation:
        self._read("situation")
        return super().situation(service=service, residents=residents, key=key, source=source, target=target, returning=returning)

    def at_once(self, *asked: Callable[[], Any]) -> list[Any]:
        return [ask() for ask in asked]

    def surrounded(self, seen: Situation, *, at_once: bool = False) -> Situation:
        return seen

    def tried(self, seen: Situation) -> Situation:
        return seen

    def convergence(self, *, service: ServiceNow, sides: Collection[dict[str, str]] = ()) -> convergence.Convergence:
        self._read("convergence")
        return super().convergence(service=service, sides=sides)

    def history(self, *, namespace: str, name: str, after: str, until: str = "") -> list[ServiceNow]:
        self._read("history")
        if int(after) < self._versions[0][0]:
            raise errors.Gone("The history is gone.")
        found = []
        for version, document, is_deleted in self._versions:
            if version > int(after):
                found.append(self._now(version, document))
                if is_deleted or str(version) == until:
                    return found
        raise errors.TimedOut("The history has no end.")

    def records(self, *, kind: str, namespace: str, labels: Mapping[str, str] = looking.NO_LABELS) -> list[Any]:
        if kind == "Pod":
            return self._pods(labels)
        if kind == "Deployment":
            return [making.deployment(f"shop-{side}", labels=labels, ready=self.sizes[side]) for side, labels in SIDES.items()]
        if kind == "HorizontalPodAutoscaler":
            self._read("autoscalers")
            return [self.autoscaler.record()] if self.autoscaler else []
        if kind == "EndpointSlice":
            return [_slice(tuple(sorted(self.endpoints.items())))]
        return []

    def addressed(self, *, namespace: str, labels: Mapping[str, str]) -> list[looking.Addressed]:
        return [looking.Addressed(pod, frozenset({"IPv4"})) for pod in self._pods(labels)]

    def workloads(self, *, kind: str, namespace: str) -> list[looking.Workload]:
        found = self.records(kind=kind, namespace=namespace)
        return [looking.Workload(one, is_observed=one.name.removeprefix("shop-") not in self._rolling_since) for one in found]

    def workload(self, *, kind: str, namespace: str, name: str) -> looking.Workload | None:
        return next((one for one in self.workloads(kind=kind, namespace=namespace) if one.record.name == name), None)

    def patch(self, *, namespace: str, name: str, operations: planning.Patch, dry_run: bool = False) -> dict[str, Any]:
        changes = [one["path"] for one in operations if one["op"] != "test"]
        is_effect = "/spec/selector" in changes
        if is_effect:
            target = next(one["value"] for one in operations if one["op"] == "replace" and one["path"] == "/spec/selector")
            marker = next(one["value"] for one in operations if one["path"].endswith("~1op"))
            rolling = {side: (self._moment() - since).total_seconds() for side, since in self._rolling_since.items()}
            self.sent.append(Sent(marker=marker, at=self._moment(), empty_for=self._empty_for(target), rolling_for=rolling))
        return self._written("patch effect" if is_effect else "patch mark", lambda: self._apply(operations))

    def size(self, *, kind: str, namespace: str, name: str) -> SizeNow:
        self._read("size")
        return self._autoscaler().now()

    def size_history(self, *, kind: str, namespace: str, name: str, after: str, until: str = "") -> list[SizeNow]:
        self._read("size history")
        return self._autoscaler().history(after=after, until=until)

    def resize(self, *, kind: str, namespace: str, name: str, operations: planning.Patch, dry_run: bool = False) -> dict[str, Any]:
        is_effect = any(one["op"] == "replace" for one in operations)
        return self._written("resize effect" if is_effect else "resize seal", lambda: self._autoscaler().apply(operations))

    def _autoscaler(self) -> Numbered:
        if self.autoscaler is None:
            raise errors.NotFound("There is no autoscaler.")
        return self.autoscaler

    def _written(self, at: str, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        order = self._hold(at)
        self._stop(order)
        if order is Order.BUSY:
            raise errors.TooManyRequests("The cluster is busy.", retry_after_seconds=self.retry_after_seconds)
        if order is Order.DENY:
            raise errors.ServerError("The cluster answered 400 to the patch: no changes on Fridays", status=400)
        if order is Order.STRANGER:
            raise errors.Unauthorized("The cluster does not accept the credential.")
        if order is Order.LATE:
            self.late.append(send)
        if order in (Order.LOSE, Order.LATE):
            raise errors.LostAnswer("The answer was lost.")
        self._let_in()
        if not self.may_patch:
            raise errors.Forbidden("The account may not do this.")
        answer = send()
        if order is Order.TWICE:
            answer = send()
        if order is Order.TWICE_BUSY:
            raise errors.TooManyRequests("The cluster is busy.", retry_after_seconds=self.retry_after_seconds)
        if order is Order.DIE_AFTER:
            raise Died
        if order is Order.LOSE_AFTER:
            raise errors.LostAnswer("The answer was lost.")
        return answer

    def _missing_rights(self, namespace: str, *, returning: bool) -> tuple[Right, ...]:
        return () if self.may_patch else (Right("patch", "services"),)

    # Inside

    def _read(self, name: str) -> None:
        order = self._hold(name)
        self._stop(order)
        if order is Order.DIE_AFTER:
            raise Died
        if order is not Order.GO:
            raise errors.BrokenAnswer("The answer stopped half way.")
        self._let_in()
        if name in self.forbidden:
            raise errors.Forbidden(f"The account may not read the {name}.")

    def _stop(self, order: Order) -> None:
        if order is Order.DIE:
            raise Died
        if order is Order.FAIL:
            raise errors.Unreachable("The cluster cannot be reached.")

    def _let_in(self) -> None:
        if not self.is_known:
            raise errors.Unauthorized("The cluster does not accept the credential.")

    def _apply(self, operations: planning.Patch) -> dict[str, Any]:
        changed = copy.deepcopy(self.document)
        try:
            for one in operations:
                apply(changed, one)
        except (KeyError, ValueError) as problem:
            self._refused(422)
            raise errors.Invalid(f"The patch does not apply: {problem}") from problem
        if changed["spec"]["selector"] != self.selector:
            changed["by"] = "clusterview"
        self._put(changed)
        return copy.deepcopy(self.document)

    def _put(self, changed: dict[str, Any]) -> None:
        """A write that changes nothing is a success and makes no version."""
        if changed != self.document:
            self._store(changed)
            if self.follows_at_once:
                self.follow()

    def _store(self, document: dict[str, Any], *, code: int = 200) -> None:
        before = self._versions[-1][1] if self._versions else {"metadata": {}, "spec": {}}
        same = before["metadata"].get("uid") == document["metadata"]["uid"]
        document["metadata"]["resourceVersion"] = str(self._next())
        self._versions.append((self._version, document, False))
        self._write(code=code, document=document, before=before if same else {"metadata": {}, "spec": {}})

    def _refused(self, code: int) -> None:
        self._write(code=code, document={"metadata": {"uid": self.document["metadata"]["uid"]}, "spec": {}}, before={"metadata": {}, "spec": {}})

    def _write(self, *, code: int, document: dict[str, Any], before: dict[str, Any]) -> None:
        after, earlier = document["metadata"], before["metadata"]
        write = judging.Write(
            uid=after["uid"], code=code, at=self._moment(), number=len(self.writes),
            version=after.get("resourceVersion", ""), version_before=earlier.get("resourceVersion", ""),
            selector=document["spec"].get("selector", {}), selector_before=before["spec"].get("selector", {}),
            annotations=after.get("annotations") or {}, annotations_before=earlier.get("annotations") or {},
        )  # fmt: skip
        self.writes.append(write)

    def _next(self) -> int:
        self._version += 1
        return self._version

    def _now(self, version: int, document: dict[str, Any]) -> ServiceNow:
        metadata = document["metadata"]
        return making.service_now(
            uid=metadata["uid"], resource_version=str(version), annotations=copy.copy(metadata.get("annotations")),
            selector=dict(document["spec"]["selector"]), selector_owners=(FieldOwner(document["by"], "Update"),),
        )  # fmt: skip

    def _pods(self, labels: Mapping[str, str] = looking.NO_LABELS) -> list[objects.Pod]:
        pods = [pod for side in SIDES for pod in _pods_of(side)[: self.sizes[side]]]
        return [pod for pod in pods if labels.items() <= pod.labels.items()]

    def _empty_for(self, target: dict[str, str]) -> float:
        """For how many seconds nobody of the new side has been ready."""
        sides = [side for side, labels in SIDES.items() if selectors.matches(selector=target, labels=labels)]
        if any(self.sizes[side] for side in sides):
            return 0.0
        return min(((self._moment() - self._empty_since[side]).total_seconds() for side in sides), default=math.inf)


def _ready(sizes: dict[str, int], selector: dict[str, str]) -> int:
    return sum(size for side, size in sizes.items() if selectors.matches(selector=selector, labels=SIDES[side]))


@cache
def _pods_of(side: str) -> list[objects.Pod]:
    return [making.pod(f"{side}-{number}", labels=SIDES[side], of=f"shop-{side}") for number in range(3)]


@cache
def _slice(endpoints: tuple[tuple[str, str], ...]) -> objects.EndpointSlice:
    pods = {pod.uid: pod for side in SIDES for pod in _pods_of(side)}
    return making.endpoint_slice(*[making.endpoint(pods[uid]) for uid, _ in endpoints])
