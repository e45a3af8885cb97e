"""What a click believes of the workloads in a namespace, and when it reads them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from clusterview.kube import errors, kinds, listing
from clusterview.topology import objects
from clusterview.traffic import looking, surveying
from clusterview.traffic.situations import ServiceNow
from tests.observer.making import decoded
from tests.traffic import making


class Asked(looking.Cluster):
    """Connections to nothing, which count what they are asked for. A pod of each of `owners` is there, and `sides` Deployments of blue and green
    each; the controller of those of `unobserved` has not seen yet how they are to be, and kinds of `forbidden` may not be listed.
    """

    def __init__(self) -> None:
        self._known, self._around = {}, {}
        self.kinds: list[str] = []
        self.owners = ["uid-blue-1"]
        self.sides = 1
        self.unobserved: set[str] = set()
        self.forbidden: set[str] = set()

    def at_once(self, *asked: Callable[[], Any]) -> list[Any]:
        return [ask() for ask in asked]

    def service(self, *, namespace: str, name: str) -> ServiceNow:
        return making.service_now(name=name)

    def records(self, *, kind: str, namespace: str, labels: Mapping[str, str] = looking.NO_LABELS) -> list[Any]:
        self.kinds.append(kind)
        self.labels = labels
        return [making.pod(one, labels={}, owner=objects.Owner("ReplicaSet", one, objects.Uid(one))) for one in self.owners]

    def workloads(self, *, kind: str, namespace: str) -> list[looking.Workload]:
        self.kinds.append(kind)
        if kind in self.forbidden:
            raise errors.Forbidden(f"The account may not list {kind}.")
        names = [f"{side}-{number}" for number in range(self.sides) for side in ("blue", "green")] if kind == "Deployment" else []
        return [self.made(name) for name in names]

    def workload(self, *, kind: str, namespace: str, name: str) -> looking.Workload | None:
        self.kinds.append(f"{kind} {name}")
        return self.made(name) if int(name[-1]) < self.sides else None

    def made(self, name: str) -> looking.Workload:
        labels = {"slot": name.partition("-")[0]}
        return looking.Workload(making.deployment(name, labels=labels, ready=len(self.owners)), name not in self.unobserved)

    def look(self, *, at_once: bool = True, to: str = "") -> tuple[list[tuple[str, int]], list[str]]:
        """The workloads that are told, with a number of theirs, and the kinds that were asked for."""
        self.kinds = []
        _, residents = self.service_among(namespace="store", name="shop", at_once=at_once, to=to)
        self.told = {str(uid) for uid in residents.unobserved}
        return [(one.name, one.ready) for one in residents.workloads], self.kinds


READ = ([("blue-0", 1), ("green-0", 1)], ["Pod", "Deployment", "StatefulSet"])


def test_workloads_are_believed_at_the_click_for_ten_seconds_and_pods_never(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(looking, "time", SimpleNamespace(monotonic=lambda: now))
    asked = Asked()
    assert asked.look() == READ
    assert asked.look() == (READ[0], ["Pod"])
    assert asked.look(at_once=False) == READ, "who does not click reads everything"
    now += looking.AROUND_SECONDS + 0.1
    assert asked.look() == READ


def test_what_was_read_in_a_namespace_is_kept_no_longer_than_it_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(looking, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(surveying, "survey", lambda *_, **__: surveying.Surroundings())
    asked = Asked()
    asked.reading = None  # type: ignore[assignment]
    for namespace in ("store", "bank", "post"):
        asked.service_among(namespace=namespace, name="shop")
        asked.surrounded(making.situation(service=making.service_now(namespace=namespace)))
        now += looking.AROUND_SECONDS * 0.6
    assert [*asked._known] == [*asked._around] == ["bank", "post"]


def test_a_pod_of_a_workload_that_is_not_known_yet_has_them_read_again() -> None:
    asked = Asked()
    asked.look()
    asked.owners = ["uid-blue-1", "uid-green-1"]
    assert asked.look()[0] == [("blue-0", 2), ("green-0", 2)]
    asked.owners = ["uid-green-1"]
    assert asked.look()[1] == ["Pod"], "one that has gone is no reason"


def test_the_workload_that_is_to_get_the_traffic_is_read_at_every_click() -> None:
    asked = Asked()
    asked.look()
    asked.unobserved = {"green-0", "blue-0"}
    assert (asked.look(to="green"), asked.told) == ((READ[0], ["Pod", "Deployment green-0"]), {"uid-green-0"})
    asked.owners = ["uid-blue-1", "uid-green-1"]
    assert (asked.look(to="green")[0], asked.told) == ([("blue-0", 2), ("green-0", 2)], {"uid-blue-0", "uid-green-0"})


def test_of_many_workloads_that_carry_the_value_or_one_that_has_gone_the_lists_are_read() -> None:
    asked = Asked()
    asked.sides = looking.MOST_READ_ANEW + 1
    asked.look()
    assert asked.look(to="green")[1] == ["Pod", "Deployment", "StatefulSet"]
    asked.sides = 2
    asked.look(at_once=False)
    asked.sides = 1
    assert asked.look(to="green") == (READ[0], ["Pod", "Deployment green-0", "Deployment green-1", "Deployment", "StatefulSet"])


def test_a_way_back_needs_no_right_to_list_workloads_and_nobody_else_believes_that_there_are_none() -> None:
    asked = Asked()
    asked.forbidden = {"StatefulSet"}
    _, residents = asked.service_among(namespace="store", name="shop", at_once=True, returning=True)
    assert ([one.name for one in residents.workloads], len(residents.pods)) == (["blue-0", "green-0"], 1)
    with pytest.raises(errors.Forbidden):
        asked.look()


def test_an_executor_reads_only_the_pods_that_carry_what_both_sides_share() -> None:
    asked = Asked()
    asked.service_among(namespace="store", name="shop", labels={"app": "shop"})
    assert asked.labels == {"app": "shop"}
    assert kinds.named("Pod").selecting({"tier": "web", "app": "shop"}).query == (("labelSelector", "app=shop,tier=web"),)
    assert kinds.named("Pod").selecting({}).query == ()


def test_the_scheduler_is_heard_only_where_a_pod_waits_for_a_node(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(name: str, **condition: str) -> Any:
        found = {"metadata": {"uid": f"uid-{name}", "name": name, "resourceVersion": "1"}, "status": {"conditions": [condition]}}
        return kinds.placed().decoder().decode(msgspec.json.encode(found))

    refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available."}
    gated = refused | {"reason": "SchedulingGated"}
    pods = [said("g0", type="PodScheduled", status="True"), said("g1", **refused), said("g2", **refused), said("g3", **gated)]
    asked: list[kinds.KindSpec] = []

    def listed(_: Any, spec: kinds.KindSpec, **__: Any) -> listing.Listing:
        asked.append(spec)
        return listing.Listing(pods, "1")

    monkeypatch.setattr(listing, "list_kind", listed)
    monkeypatch.setattr(surveying, "survey", lambda *_, **__: surveying.Surroundings())
    reached = Asked()
    reached.reading = None  # type: ignore[assignment]
    assert (reached.surrounded(making.situation()).unplaced, asked) == ({}, [])
    waiting = [making.pod(name, labels=making.GREEN, phase="Pending", node="", ready=False) for name in ("g1", "g3", "g4")]
    seen = making.situation(pods=(*making.situation().pods, *waiting))
    assert reached.surrounded(seen).unplaced == {"uid-g1": "0/1 nodes are available."}
    assert [one.query for one in asked] == [(("labelSelector", "app=shop,slot=green"),)]


def lost(cause: Exception) -> errors.LostAnswer:
    problem = errors.LostAnswer("It may have been applied.")
    problem.__cause__ = cause
    return problem


@pytest.mark.parametrize(
    ("version", "problem", "told"),
    [
        ("7", None, ""),
        ("7", errors.Forbidden("A webhook says no."), "A webhook says no."),
        ("7", errors.Invalid("A policy says no."), "A policy says no."),
        ("7", lost(errors.ServerError("A webhook is not there.", status=500)), "A webhook is not there."),
        ("8", errors.Invalid("The test failed."), None),
        ("8", errors.Conflict("The object was changed."), None),
    ],
    ids=["agreed", "a webhook", "a policy", "a broken webhook", "written to since", "written to meanwhile"],
)
def test_a_dry_run_of_a_service_that_somebody_wrote_to_meanwhile_says_nothing_about_the_patch(
    version: str, problem: errors.KubeError | None, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = Asked()
    monkeypatch.setattr(reached, "patch", dry_running(problem))
    monkeypatch.setattr(reached, "service", lambda **_: making.service_now(resource_version=version))
    assert reached.tried(making.situation(dry_run=None)).dry_run == told


def test_a_dry_run_that_nobody_answers_is_no_refusal_and_may_have_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = Asked()
    monkeypatch.setattr(reached, "patch", dry_running(lost(TimeoutError())))
    with pytest.raises(errors.TimedOut, match="Nothing was changed"):
        reached.tried(making.situation(dry_run=None))


@pytest.mark.parametrize("problem", [errors.TooManyRequests("busy"), errors.PluginFailed("no token"), errors.Unauthorized("who?")])
def test_a_dry_run_that_is_not_taken_now_is_no_refusal_of_the_patch(problem: errors.KubeError, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = Asked()
    monkeypatch.setattr(reached, "patch", dry_running(problem))
    with pytest.raises(type(problem)):
        reached.tried(making.situation(dry_run=None))


def dry_running(problem: errors.KubeError | None) -> Callable[..., dict[str, Any]]:
    def patch(**asked: Any) -> dict[str, Any]:
        assert asked["dry_run"]
        if problem is not None:
            raise problem
        return {}

    return patch


def test_a_switch_goes_by_every_label_of_an_object_however_many_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = {f"example.com/{number:03}": "x" for number in range(150)} | {"slot": "green"}
    pod, service = (decoded(kind, metadata={"labels": labels}) for kind in ("Pod", "Service"))
    metadata = {"uid": "p", "name": "p", "resourceVersion": "1", "labels": labels}
    addressed = kinds.addressed().decoder().decode(msgspec.json.encode({"metadata": metadata}))
    monkeypatch.setattr(listing, "list_kind", lambda *_, **__: listing.Listing([pod], "1"))
    reached = Asked()
    reached.reading = None  # type: ignore[assignment]
    seen = [
        *looking.Cluster.records(reached, kind="Pod", namespace="store"),
        *surveying._surroundings({"Service": [service], "Namespace": ()}, namespace="store").services,
        looking.service_now(service),
        looking.addressed_now(addressed).record,
    ]
    assert [one.labels for one in seen] == [labels] * 4
