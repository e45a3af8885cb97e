"""What stands around a Service is looked at as far as we may and it answers, and nothing of it stops a switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from clusterview.kube import errors, kinds, listing
from clusterview.kube.kinds import KindSpec
from clusterview.traffic import surveying
from clusterview.traffic.selectors import Selection
from clusterview.traffic.situations import Bound, Driver, KeptSlice, Quota, Surroundings

Survey = Callable[..., Surroundings]
GROUPS = ("apps", "argoproj.io", "cilium.io", "flagger.app", "monitoring.coreos.com", "networking.istio.io", "security.istio.io")
BLUE, GREEN = {"matchLabels": {"slot": "blue"}}, {"matchLabels": {"slot": "green"}}
OF_STORE = {"matchLabels": {"kubernetes.io/metadata.name": "store"}}


@pytest.fixture
def survey(monkeypatch: pytest.MonkeyPatch) -> Survey:
    """Surveys a namespace where each kind has these objects, or raises this error."""

    def run(*, groups: Any = GROUPS, namespace: Any = None, elsewhere: Any = (), **kept: Any) -> Surroundings:
        def listed(
            _: Any, spec: KindSpec, *, namespace: str = "", page_seconds: float, limit: int = 500, gather: Callable[[], Any] = list
        ) -> listing.Listing:
            assert namespace == ("store" if spec.kind != "NetworkPolicy" else namespace) and page_seconds <= 3
            found = kept.get(spec.kind, [])
            for problem in (found, elsewhere if not namespace else None):
                if isinstance(problem, Exception):
                    raise problem
            items = gather()
            for one in (*found, *(() if namespace else elsewhere)):
                items.append(decoded(spec.kind, **one))
            return listing.Listing(items, "7")

        def got(*_: Any, **__: Any) -> dict[str, Any]:
            if isinstance(groups, Exception):
                raise groups
            return {"groups": [{"name": name} for name in groups]}

        def one(*_: Any, **__: Any) -> Any:
            if isinstance(namespace, Exception):
                raise namespace
            return decoded("Namespace", **(namespace or {}))

        monkeypatch.setattr(surveying.listing, "list_kind", listed)
        monkeypatch.setattr(surveying.reading, "get", got)
        monkeypatch.setattr(surveying.reading, "get_object", one)
        return surveying.survey(None, namespace="store")  # type: ignore[arg-type]

    return run


def decoded(kind: str, **document: Any) -> Any:
    metadata = {"uid": "u", "name": "n", "namespace": "store", "resourceVersion": "5"} | document.pop("metadata", {})
    return kinds.named(kind).decoder().decode(msgspec.json.encode({"metadata": metadata, **document}))


def test_an_empty_namespace_has_nothing_around_and_nothing_unread(survey: Survey) -> None:
    assert survey() == Surroundings()


def test_what_may_not_be_listed_is_named_and_the_rest_is_read(survey: Survey) -> None:
    found = survey(NetworkPolicy=errors.Forbidden("no"), Service=errors.Forbidden("no"), Ingress=[{}])
    assert found.unread == ("networkpolicies.networking.k8s.io", "services")
    assert len(found.ingresses) == 1


@pytest.mark.parametrize("problem", [errors.ServerError("webhook", status=500), errors.TimedOut("late"), errors.BrokenAnswer("half")])
def test_a_kind_that_its_api_server_cannot_give_is_unread(survey: Survey, problem: errors.KubeError) -> None:
    assert survey(PodMonitor=problem).unread == ("podmonitors.monitoring.coreos.com",)


def test_a_kind_that_is_not_installed_is_not_missing(survey: Survey) -> None:
    assert survey(Rollout=errors.NotFound("no rollouts, Argo CD alone")).unread == ()


@pytest.mark.parametrize("problem", [errors.Unreachable("gone"), errors.Unauthorized("who")])
def test_an_api_server_that_is_not_reached_is_no_missing_right(survey: Survey, problem: errors.KubeError) -> None:
    with pytest.raises(type(problem)):
        survey(Service=problem)


def test_kinds_of_others_are_asked_for_only_where_they_are_installed(survey: Survey) -> None:
    forbidden = {kind: errors.Forbidden("no") for kind in surveying.INSTALLED}
    assert survey(groups=("apps",), **forbidden).unread == ()
    assert len(survey(groups=errors.Forbidden("no"), **forbidden).unread) == len(surveying.INSTALLED)


def test_endpoints_that_somebody_else_keeps_are_told_with_who_does(survey: Survey) -> None:
    def slice_of(name: str, *, keeper: str = "", endpoints: int = 1) -> dict[str, Any]:
        labels = {"kubernetes.io/service-name": "shop"} | ({"endpointslice.kubernetes.io/managed-by": keeper} if keeper else {})
        return {"metadata": {"name": name, "labels": labels}, "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.9"]}] * endpoints}

    ours, empty = slice_of("shop-a", keeper="endpointslice-controller.k8s.io"), slice_of("shop-b", keeper="mesh.example", endpoints=0)
    found = survey(EndpointSlice=[ours, empty, slice_of("shop-c", keeper="mesh.example"), slice_of("shop-d")])
    assert found.kept_slices == (KeptSlice("shop", "shop-c", "mesh.example"), KeptSlice("shop", "shop-d"))


def test_a_namespace_that_ends_is_told_and_one_that_may_not_be_read_is_unread(survey: Survey) -> None:
    assert survey(namespace={"status": {"phase": "Terminating"}}).namespace_terminating
    assert survey(namespace=errors.Forbidden("no")) == Surroundings(unread=("namespaces",))


def test_guards_are_told_with_whom_they_select(survey: Survey) -> None:
    blue = {"matchLabels": {"slot": "blue"}}
    among = {"matchExpressions": [{"key": "slot", "operator": "In", "values": ["blue"]}]}
    peers = [{"podSelector": blue}, {"ipBlock": {"cidr": "10.0.0.0/8"}}]
    policy = {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"from": peers}]}
    found = survey(
        PodDisruptionBudget=[{"spec": {"selector": among}}, {"metadata": {"name": "of nobody"}}],
        NetworkPolicy=[{"spec": policy}],
        ServiceMonitor=[{"spec": {"selector": blue}}],
        AuthorizationPolicy=[{}],
    )
    seen = {(one.kind, one.services, one.purpose.split(" ")[0]): one.selection for one in found.guards}
    assert seen == {
        ("PodDisruptionBudget", False, ""): Selection({}, ({"key": "slot", "operator": "In", "values": ["blue"]},)),
        ("NetworkPolicy", False, "for"): Selection({"app": "db"}),
        ("NetworkPolicy", False, "ingress"): Selection({"slot": "blue"}),
        ("ServiceMonitor", True, ""): Selection({"slot": "blue"}),
        ("AuthorizationPolicy", False, ""): Selection(),
    }


def test_doors_to_different_places_have_different_purposes(survey: Survey) -> None:
    def door(app: str) -> dict[str, Any]:
        peers = [{"podSelector": {"matchLabels": {"slot": "blue"}}}]
        return {"spec": {"podSelector": {"matchLabels": {"app": app}}, "ingress": [{"from": peers}], "egress": [{"to": peers}]}}

    found = survey(NetworkPolicy=[door("db"), door("cache")])
    assert len({one.purpose for one in found.guards}) == 1 + 2 * 2


def test_controllers_that_move_traffic_name_their_services_and_workloads(survey: Survey) -> None:
    services = {"blueGreen": {"activeService": "shop", "previewService": "preview"}}
    blue_green = {"strategy": services, "workloadRef": {"kind": "Deployment", "name": "shop"}}
    canary = {"targetRef": {"kind": "Deployment", "name": "cart"}}
    found = survey(Rollout=[{"spec": blue_green}], Canary=[{"spec": canary}])
    assert found.drivers == (
        Driver(kind="Rollout", name="n", services=("shop", "preview"), workloads=(("Deployment", "shop"),)),
        Driver(
            kind="Canary", name="n", services=("cart", "cart-primary", "cart-canary"),
            workloads=(("Deployment", "cart"), ("Deployment", "cart-primary")),
        ),
    )  # fmt: skip


def test_only_replica_sets_of_a_rollout_are_kept(survey: Survey) -> None:
    owners = [{"kind": kind, "name": "shop", "uid": kind} for kind in ("Rollout", "Deployment")]
    found = survey(ReplicaSet=[{"metadata": {"name": owner["kind"].lower(), "ownerReferences": [owner]}} for owner in owners])
    assert [one.name for one in found.replica_sets] == ["rollout"]


def test_a_quota_is_told_with_what_it_leaves_to_pods(survey: Survey) -> None:
    full = {"hard": {"pods": "6", "requests.cpu": "2", "services": "1"}, "used": {"pods": "6", "requests.cpu": "1900m", "services": "1"}}
    roomy = {"hard": {"pods": "7"}, "used": {"pods": "6"}}
    milli = {"hard": {"requests.cpu": "2"}, "used": {"requests.cpu": "2000m"}}
    scoped = {"spec": {"scopes": ["BestEffort"]}, "status": roomy}
    others = {"hard": {"services": "1", "count/deployments.apps": "2"}, "used": {"services": "1", "count/deployments.apps": "2"}}
    found = survey(ResourceQuota=[{"status": full}, {"status": roomy}, {"status": milli}, scoped, {"status": others}])
    assert found.quotas == (
        Quota("n", (Bound("pods", "6", "6"), Bound("requests.cpu", "1900m", "2"))),
        Quota("n", (Bound("pods", "6", "7"),)),
        Quota("n", (Bound("requests.cpu", "2000m", "2"),)),
        Quota("n", (Bound("pods", "6", "7"),), is_scoped=True),
    )
    assert [[str(one) for one in quota.used_up] for quota in found.quotas] == [["pods 6/6"], [], ["requests.cpu 2000m/2"], []]


def opened(*peers: dict[str, Any], namespace: str = "db", name: str = "n", to: str = "db") -> dict[str, Any]:
    """A policy of a namespace that lets these in."""
    spec = {"podSelector": {"matchLabels": {"app": to}}, "ingress": [{"from": list(peers)}]}
    return {"metadata": {"namespace": namespace, "name": name}, "spec": spec}


def ways(found: Surroundings) -> list[tuple[str, str, dict[str, str]]]:
    return [(one.namespace, one.name, one.selection.match_labels) for one in found.guards if one.purpose != "for"]


def test_a_door_of_another_namespace_is_a_guard_of_the_pods_that_it_lets_in(survey: Survey) -> None:
    door = opened({"namespaceSelector": OF_STORE, "podSelector": BLUE}, name="door")
    egress = {"metadata": {"namespace": "db", "name": "out"}, "spec": {"egress": [{"to": [{"namespaceSelector": {}, "podSelector": GREEN}]}]}}
    found = survey(elsewhere=[door, egress])
    assert ways(found) == [("db", "door", {"slot": "blue"}), ("db", "out", {"slot": "green"})]
    assert (found.unread, found.nearby) == ((), ())


@pytest.mark.parametrize(
    "peer",
    [
        {"podSelector": BLUE},
        {"namespaceSelector": OF_STORE},
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "mail"}}, "podSelector": BLUE},
        {"ipBlock": {"cidr": "10.0.0.0/8"}},
    ],
    ids=["pods of its own", "the whole namespace", "pods of a third", "addresses"],
)
def test_what_another_namespace_lets_in_beside_is_not_about_these_pods(survey: Survey, peer: dict[str, Any]) -> None:
    assert survey(elsewhere=[opened(peer)]).guards == ()
    beside = {"namespaceSelector": OF_STORE, "podSelector": GREEN}
    assert ways(survey(elsewhere=[opened(peer, beside)])) == [("db", "n", {"slot": "green"})]


def test_a_namespace_is_chosen_by_its_labels(survey: Survey) -> None:
    chosen = opened({"namespaceSelector": {"matchLabels": {"team": "shop"}}, "podSelector": BLUE})
    assert len(survey(elsewhere=[chosen], namespace={"metadata": {"labels": {"team": "shop"}}}).guards) == 1
    assert survey(elsewhere=[chosen]).guards == ()


def test_a_door_here_for_pods_of_another_namespace_is_not_about_these(survey: Survey) -> None:
    theirs = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "mail"}}, "podSelector": BLUE}
    assert ways(survey(NetworkPolicy=[opened(theirs, namespace="store")])) == []
    ours = {"namespaceSelector": OF_STORE, "podSelector": BLUE}
    assert ways(survey(NetworkPolicy=[opened(ours, namespace="store")])) == [("", "n", {"slot": "blue"})]


@pytest.mark.parametrize("problem", [errors.Forbidden("no"), errors.TimedOut("late")])
def test_where_only_the_own_namespace_may_be_listed_that_is_said(survey: Survey, problem: errors.KubeError) -> None:
    found = survey(elsewhere=problem, NetworkPolicy=[opened({"podSelector": BLUE}, namespace="store")])
    assert ways(found) == [("", "n", {"slot": "blue"})]
    assert (found.unread, found.nearby) == ((), ("networkpolicies.networking.k8s.io",))


def test_policies_that_take_too_long_to_list_are_those_of_the_own_namespace(survey: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveying, "EVERYWHERE_SECONDS", -1.0)
    found = survey(NetworkPolicy=[opened({"podSelector": BLUE}, namespace="store")])
    assert (len(ways(found)), found.nearby) == (1, ("networkpolicies.networking.k8s.io",))


def test_a_policy_of_cilium_guards_as_one_of_kubernetes(survey: Survey) -> None:
    here, there = ({"matchLabels": {"k8s:slot": "blue", "k8s:io.kubernetes.pod.namespace": one}} for one in ("store", "mail"))
    rule = {"endpointSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"fromEndpoints": [here, there]}], "egress": [{"toEndpoints": [GREEN]}]}
    for spec in ({"spec": rule}, {"specs": [rule]}):
        found = survey(CiliumNetworkPolicy=[spec])
        assert [one.selection.match_labels for one in found.guards] == [{"app": "db"}, {"slot": "blue"}, {"slot": "green"}]
        assert len({one.purpose for one in found.guards}) == 3


def test_a_mesh_guards_the_pods_to_which_it_gives_a_name_or_a_route(survey: Survey) -> None:
    subsets = [{"name": one, "labels": {"slot": one}} for one in ("blue", "green")]
    targets = [{"destination": {"host": "shop", "subset": "blue"}}, {"destination": {"host": "shop", "subset": "green"}, "weight": 0}]
    found = survey(
        DestinationRule=[{"spec": {"host": "shop.store.svc.cluster.local", "subsets": subsets}}, {"spec": {"host": "shop.mail", "subsets": subsets}}],
        VirtualService=[{"spec": {"http": [{"route": targets}]}}],
    )
    assert [(one.kind, one.service, one.selection.match_labels) for one in found.guards] == [
        ("DestinationRule", "shop", {"slot": "blue"}), ("DestinationRule", "shop", {"slot": "green"}), ("VirtualService", "shop", {"slot": "blue"}),
    ]  # fmt: skip
