"""Of the control plane is said what can be seen from outside, and no more."""

from __future__ import annotations

from clusterview.projection.observations import Check, Health, Tick
from clusterview.projection.projecting import Projector
from clusterview.topology.objects import ControlPlanePart, Uid
from tests.projection.making import HEALTHY, lease, node, renewed, seen


def part(projector: Projector, name: str) -> ControlPlanePart:
    record = projector.picture().objects[Uid(f"control-plane/{name}")]
    assert isinstance(record, ControlPlanePart)
    return record


def test_nothing_is_said_before_the_api_server_was_reached() -> None:
    projector = Projector()
    projector.project(Tick(at=1, watching=False))
    assert projector.picture().objects == {}


def test_the_api_server_speaks_for_itself_and_for_etcd() -> None:
    projector = Projector()
    projector.project(HEALTHY)
    server = part(projector, "kube-apiserver")
    assert (server.state, server.version, server.checks_ok, server.checks_total) == ("ok", "v1.37.2", 2, 2)
    assert part(projector, "etcd").state == "ok"


def test_the_same_health_again_is_no_change() -> None:
    projector = Projector()
    projector.project(HEALTHY)
    assert projector.project(HEALTHY) == []


def test_failing_checks_are_named() -> None:
    projector = Projector()
    projector.project(Health(ready=False, checks=(Check("ping", True), Check("etcd", False))))
    assert part(projector, "kube-apiserver").failing_checks == ("etcd",)
    assert part(projector, "etcd").state == "failing"


def test_where_nothing_tells_it_is_unknown() -> None:
    projector = Projector()
    projector.project(Health(ready=True))
    assert part(projector, "kube-apiserver").state == "ok"
    assert {part(projector, name).state for name in ("etcd", "kube-scheduler", "kube-controller-manager")} == {"unknown"}


def test_an_api_server_that_says_nothing_any_more_is_unknown_and_so_is_its_etcd() -> None:
    projector = Projector()
    projector.project(HEALTHY)
    projector.project(Health(ready=None, version="v1.37.2"))
    server, etcd = part(projector, "kube-apiserver"), part(projector, "etcd")
    assert (server.state, server.version, server.checks_total, etcd.state, etcd.checks_total) == ("unknown", "v1.37.2", 0, "unknown", 0)
    projector.project(HEALTHY)
    assert {part(projector, name).state for name in ("kube-apiserver", "etcd")} == {"ok"}


def test_a_leader_is_known_by_its_lease() -> None:
    projector = Projector()
    projector.project(HEALTHY)
    projector.project(renewed(lease("l", name="kube-scheduler", namespace="kube-system", holder="one_1"), "x", acquired_at=1700))
    scheduler = part(projector, "kube-scheduler")
    assert (scheduler.state, scheduler.leader, scheduler.leader_since) == ("ok", "one_1", 1700)


def test_a_leader_that_does_not_renew_is_late() -> None:
    projector = Projector()
    projector.project(HEALTHY)
    projector.project(renewed(lease("l", name="kube-scheduler", namespace="kube-system"), "x", at=0))
    projector.project(Tick(at=21, watching=True))
    assert part(projector, "kube-scheduler").state == "late"


def test_a_lease_of_that_name_elsewhere_says_nothing() -> None:
    projector = Projector()
    projector.project(HEALTHY)
    projector.project(renewed(lease("l", name="kube-scheduler", namespace="shop"), "x"))
    assert part(projector, "kube-scheduler").state == "unknown"


def test_a_lease_of_that_name_elsewhere_does_not_hide_the_leaders() -> None:
    projector = Projector()
    projector.project(HEALTHY)
    projector.project(renewed(lease("l", name="kube-scheduler", namespace="kube-system"), "x", at=0))
    projector.project(renewed(lease("m", name="kube-scheduler", namespace="shop"), "x", at=15))
    projector.project(Tick(at=21, watching=True))
    assert part(projector, "kube-scheduler").state == "late"


def test_a_provider_is_known_by_its_nodes() -> None:
    projector = Projector()
    projector.project(Health(ready=True))
    record = node("n", "one")
    record.labels["eks.amazonaws.com/nodegroup"] = "workers"
    projector.project(seen(record))
    assert {part(projector, name).state for name in ("etcd", "kube-scheduler")} == {"provider"}


def test_a_provider_is_known_by_its_version() -> None:
    projector = Projector()
    projector.project(Health(ready=True, version="v1.33.4-gke.1000"))
    assert part(projector, "kube-controller-manager").state == "provider"
