"""Each kind of link follows from the record that names its target."""

from __future__ import annotations

import pytest

from clusterview.topology import objects
from clusterview.topology.changes import Put
from clusterview.topology.joining import Joined
from clusterview.topology.links import LinkKind
from clusterview.topology.objects import AnyRecord, Uid
from tests.projection.making import SHOP, deployment, endpoints, node, pod, service

CLAIM = objects.PersistentVolumeClaim(uid=Uid("s"), namespace=SHOP, name="data", volume="pv-1", storage_class="fast")
VOLUME = objects.PersistentVolume(uid=Uid("t"), name="pv-1")
FAST = objects.StorageClass(uid=Uid("t"), name="fast")
MOUNTING = objects.Pod(uid=Uid("s"), namespace=SHOP, name="db", volumes=(objects.Volume("data", "persistentVolumeClaim", "data"),))
OWNED = objects.ReplicaSet(uid=Uid("s"), namespace=SHOP, name="rs", owner=objects.Owner("Deployment", "t", Uid("t")))
ROUTE = objects.Ingress(uid=Uid("s"), namespace=SHOP, name="front", paths=(objects.IngressPath("shop.example", "/", "t", "80"),))
HTTP_ROUTE = objects.HTTPRoute(
    uid=Uid("s"), namespace=SHOP, name="web", parents=(objects.RouteParent("Gateway", SHOP, "front"),),
    rules=(objects.RouteRule(("/",), (objects.RouteBackend("Service", SHOP, "t", 80, 1),)),),
)  # fmt: skip
GATEWAY = objects.Gateway(uid=Uid("t"), namespace=SHOP, name="front")
JOB = objects.Job(uid=Uid("s"), namespace=SHOP, name="report-1", owner=objects.Owner("CronJob", "report", Uid("t")))
JOBS_POD = objects.Pod(uid=Uid("s"), namespace=SHOP, name="report-1-x", owner=objects.Owner("Job", "report-1", Uid("t")))
SCALER = objects.HorizontalPodAutoscaler(uid=Uid("s"), namespace=SHOP, name="h", target_kind="Deployment", target_name="t")
BUDGET = objects.PodDisruptionBudget(uid=Uid("s"), namespace=SHOP, name="b", selector={"app": "web"})
BUDGET_OF_ALL = objects.PodDisruptionBudget(uid=Uid("s"), namespace=SHOP, name="b", selector={})
ABOUT_POD = objects.Event(uid=Uid("s"), namespace=SHOP, name="e", about_kind="Pod", about_name="t", about_uid=Uid("t"))
ABOUT_NODE = objects.Event(uid=Uid("s"), namespace=SHOP, name="e", about_kind="Node", about_name="one", about_uid=Uid("one"))

CASES: list[tuple[LinkKind, AnyRecord, AnyRecord]] = [
    (LinkKind.OWNER, OWNED, deployment("t")),
    (LinkKind.OWNER, JOB, objects.CronJob(uid=Uid("t"), namespace=SHOP, name="report")),
    (LinkKind.OWNER, JOBS_POD, objects.Job(uid=Uid("t"), namespace=SHOP, name="report-1")),
    (LinkKind.RUNS_ON, pod("s", node="one"), node("t", "one")),
    (LinkKind.SELECTS, service("s", selector={"app": "web"}), pod("t", app="web", extra="x")),
    (LinkKind.SLICE, endpoints("s", "t"), service("t")),
    (LinkKind.SERVES, endpoints("s", "none", "t"), pod("t")),
    (LinkKind.ROUTES_TO, ROUTE, service("t")),
    (LinkKind.ROUTES_TO, HTTP_ROUTE, service("t")),
    (LinkKind.ATTACHED_TO, HTTP_ROUTE, GATEWAY),
    (LinkKind.MOUNTS, MOUNTING, objects.PersistentVolumeClaim(uid=Uid("t"), namespace=SHOP, name="data")),
    (LinkKind.BOUND_TO, CLAIM, VOLUME),
    (LinkKind.PROVISIONED_BY, CLAIM, FAST),
    (LinkKind.PROVISIONED_BY, objects.PersistentVolume(uid=Uid("s"), name="pv-1", storage_class="fast"), FAST),
    (LinkKind.SCALES, SCALER, deployment("t")),
    (LinkKind.PROTECTS, BUDGET, pod("t", app="web")),
    (LinkKind.PROTECTS, BUDGET_OF_ALL, pod("t")),
    (LinkKind.ABOUT, ABOUT_POD, pod("t")),
    (LinkKind.ABOUT, ABOUT_NODE, node("t", "one")),
]


@pytest.mark.parametrize(("kind", "source", "target"), CASES, ids=[f"{case[0]}-{index}" for index, case in enumerate(CASES)])
@pytest.mark.parametrize("source_first", [True, False])
def test_the_link_is_there_whoever_comes_first(kind: LinkKind, source: AnyRecord, target: AnyRecord, source_first: bool) -> None:
    joined = Joined()
    for record in (source, target) if source_first else (target, source):
        joined.hear(change=Put(record))
    assert [(link.kind, link.source, link.target) for link in joined.links()] == [(kind, "s", "t")]


def test_every_kind_of_link_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(LinkKind)


def test_names_do_not_reach_into_another_namespace() -> None:
    joined = Joined()
    joined.hear(change=Put(ROUTE))
    joined.hear(change=Put(objects.Service(uid=Uid("t"), namespace=objects.Namespace("other"), name="t")))
    assert list(joined.links()) == []


def test_an_http_route_reaches_where_it_says_and_only_kinds_that_it_says() -> None:
    elsewhere = objects.Namespace("other")
    backends = (objects.RouteBackend("Service", elsewhere, "t", 80, 1), objects.RouteBackend("Service.net.example.com", SHOP, "same", 80, 1))
    route = objects.HTTPRoute(
        uid=Uid("s"), namespace=SHOP, name="web", parents=(objects.RouteParent("Gateway", elsewhere, "front"),),
        rules=(objects.RouteRule(("/",), backends),),
    )  # fmt: skip
    gateways = [objects.Gateway(uid=Uid(f"g-{one}"), namespace=one, name="front") for one in (SHOP, elsewhere)]
    services = [objects.Service(uid=Uid(f"{name}-{one}"), namespace=one, name=name) for one in (SHOP, elsewhere) for name in ("t", "same")]
    joined = Joined(objects=[route, *gateways, *services])
    assert {(link.kind, link.target) for link in joined.links()} == {(LinkKind.ATTACHED_TO, "g-other"), (LinkKind.ROUTES_TO, "t-other")}


def test_labels_do_not_reach_into_another_namespace() -> None:
    joined = Joined()
    joined.hear(change=Put(service("s", selector={"app": "web"})))
    joined.hear(change=Put(objects.Pod(uid=Uid("t"), namespace=objects.Namespace("other"), name="t", labels={"app": "web"})))
    assert list(joined.links()) == []
